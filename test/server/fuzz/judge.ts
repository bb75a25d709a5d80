// Judges an answer by the document: what a request may be answered with, whoever sent it and whatever it holds.
import type { Api } from "./api.js";
import type { Trial } from "./requests.js";
import type { HttpAnswer } from "./send.js";

const problemSchema = { $ref: "#/components/schemas/Problem" };
/** What may be answered though the server does its work: the host lacks something, Redis or a mount failed, no space. */
const allowed5xx = [501, 503, 507];

/** What is wrong with an answer: nothing, or one line for each thing. */
export function judge(api: Api, trial: Trial, answer: HttpAnswer): string[] {
  const { operation, request, isOtherMethod } = trial;
  const { status, headers } = answer;
  const faults: string[] = [];
  const type = mediaType(headers["content-type"]);
  // Other methods and paths lead to other operations, or to none: what holds of every answer holds of those too.
  const isOfOperation = !isOtherMethod && isPathOf(operation.path, request.target);
  if (status >= 500 && !allowed5xx.includes(status)) faults.push(`${status}: the server is at fault`);
  if (status >= 400 && request.method !== "HEAD" && type !== "text/html") {
    faults.push(...judgeProblem(api, trial, answer, type));
  }
  if (!isOfOperation || request.method === "HEAD") return faults;

  const response = api.responseOf(operation, status);
  if (response === undefined) return [...faults, `${status} is not documented`];
  const media = response.content?.[type];
  if (response.content !== undefined && media === undefined) {
    faults.push(
      `${status} is documented as ${Object.keys(response.content)}, but came as ${JSON.stringify(type)}`,
    );
  }
  if (status < 300) {
    // A body that no operation takes may still be on its way: the server ends its connection after 2 s, and with it an answer
    // that a busy client has not read yet.
    const mayBreakOff = request.body !== undefined && operation.description.requestBody === undefined;
    const isJudged = answer.isWhole || !mayBreakOff;
    if (isJudged && media !== undefined && type === "application/json") {
      const wrong = api.judge(media.schema, parse(answer.body));
      if (wrong !== undefined) faults.push(`${status} is not as documented: ${wrong}`);
    }
    faults.push(...judgeAcceptance(api, trial));
  }
  return faults;
}

/** A request must not succeed whose sender may not send it, or whose body is not as documented. */
function judgeAcceptance(api: Api, { operation, caller, json, request }: Trial): string[] {
  const faults: string[] = [];
  const role = operation.description["x-role"] ?? "full";
  const may = role === "anyone" || caller === "full" || (caller === "read" && role === "read");
  if (!may) faults.push(`${caller} was let in where it takes ${role}`);
  const schema = operation.description.requestBody?.content["application/json"]?.schema;
  const isJson = mediaType(request.headers["content-type"]) === "application/json";
  if (schema !== undefined && isJson && json !== undefined) {
    // JSON.stringify leaves out what JSON does not have.
    const wrong = api.judge(schema, JSON.parse(JSON.stringify(json)));
    if (wrong !== undefined) faults.push(`a body was taken that is not as documented: ${wrong}`);
  }
  return faults;
}

function judgeProblem(
  api: Api,
  { request }: Trial,
  { body, status, headers }: HttpAnswer,
  type: string,
): string[] {
  if (status === 503 && type === "application/json" && request.target.startsWith("/readyz")) return [];
  if (type !== "application/problem+json")
    return [`${status} is no problem document but ${JSON.stringify(type)}`];
  const document = parse(body);
  const wrong = api.judge(problemSchema, document);
  if (wrong !== undefined) return [`${status} is no valid problem document: ${wrong}`];
  const { status: told, code } = document as { readonly status: number; readonly code: string };
  const faults: string[] = [];
  if (told !== status) faults.push(`${status} tells of ${told}`);
  if (code === "INTERNAL") faults.push("INTERNAL: a fault of this program");
  if (status === 503 && headers["retry-after"] === undefined) faults.push("503 without Retry-After");
  if (code === "QUEUE_UNAVAILABLE") faults.push("QUEUE_UNAVAILABLE, though Redis is there");
  return faults;
}

/** True if a path with parameters in braces is that of a target, and no other route is. */
function isPathOf(path: string, target: string): boolean {
  const pattern = path.split(/\{[^}]+\}/).map((text) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const [asked = ""] = target.split("?");
  // An empty parameter, or one that only dots make up, is none.
  return new RegExp(`^${pattern.join("[^/]+")}$`).test(asked);
}

function mediaType(header: string | string[] | undefined): string {
  return (
    String(header ?? "")
      .split(";")[0]
      ?.trim()
      .toLowerCase() ?? ""
  );
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString());
  } catch {
    return undefined;
  }
}
