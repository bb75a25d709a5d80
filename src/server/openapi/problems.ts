// The problems that every route may answer with: the server's refusals before a route is called.
import { STATUS_CODES } from "node:http";
import { problemType } from "../problem.js";
import type { JsonSchema, OpenApiDocument, Operation, Response } from "./components.js";

interface Refusal {
  readonly status: number;
  readonly name: string;
  readonly description: string;
  readonly headers?: Readonly<Record<string, { description: string; schema: JsonSchema }>>;
  /** The routes it applies to. Default: all. */
  readonly isOf?: (method: string, path: string) => boolean;
}

const retryAfter = { "Retry-After": { description: "Seconds to wait", schema: { type: "integer" } } };
/** Also for routes that expect no body: one that comes is checked as well. */
const mayHaveBody = (method: string) => method !== "get" && method !== "head";
const hasPathParameter = (_method: string, path: string) => path.includes("{");

const refusals: readonly Refusal[] = [
  { status: 400, name: "BadRequest", description: "No valid request: its path, query, headers or JSON" },
  { status: 401, name: "Unauthorized", description: "No token, or one that is not known here" },
  {
    status: 403,
    name: "Forbidden",
    description: "The token may only look, or the request came from elsewhere",
  },
  { status: 404, name: "NotFound", description: "There is no such thing", isOf: hasPathParameter },
  { status: 408, name: "BodyTimeout", description: "The body did not come in time", isOf: mayHaveBody },
  { status: 413, name: "TooLarge", description: "The body is larger than allowed", isOf: mayHaveBody },
  { status: 414, name: "PathTooLong", description: "A name in the path is too long", isOf: hasPathParameter },
  {
    status: 415,
    name: "UnsupportedType",
    description: "A body of another type is wanted",
    isOf: mayHaveBody,
  },
  { status: 422, name: "Unprocessable", description: "JSON, but not what is wanted", isOf: mayHaveBody },
  { status: 429, name: "TooManyRequests", description: "More requests than allowed", headers: retryAfter },
  { status: 431, name: "HeadersTooLarge", description: "Path and headers are larger than allowed" },
  { status: 500, name: "Internal", description: "A fault of the server, which its log tells of" },
  { status: 503, name: "Unavailable", description: "Redis is away", headers: retryAfter },
];

const schema = { $ref: "#/components/schemas/Problem" };

/** Adds them where a route does not tell of that status itself, and gives all problems their media type. */
export function addProblems(document: OpenApiDocument): OpenApiDocument {
  const responses = Object.fromEntries(
    refusals.map(({ name, description, headers }) => [
      name,
      { description, ...(headers && { headers }), content: { [problemType]: { schema } } },
    ]),
  );
  const paths = Object.fromEntries(
    Object.entries(document.paths).map(([path, operations]) => [
      path,
      Object.fromEntries(
        Object.entries(operations).map(([method, operation]) => [
          method,
          withProblems(operation, method, path),
        ]),
      ),
    ]),
  );
  return { ...document, paths, components: { ...document.components, responses } };
}

function withProblems(operation: Operation, method: string, path: string): Operation {
  const general = refusals
    .filter(({ isOf = () => true }) => isOf(method, path))
    .map(({ status, name }) => [status, { $ref: `#/components/responses/${name}` }] as const);
  const own = Object.entries(operation.responses).map(
    ([status, response]) => [status, withProblemType(withPhrase(response, status))] as const,
  );
  // Keys that are numbers come out in their order.
  return {
    ...operation,
    responses: Object.fromEntries<Operation["responses"][string]>([...general, ...own]),
  };
}

/** In place of @fastify/swagger's `Default Response`. */
function withPhrase(response: Operation["responses"][string], status: string) {
  if (!("description" in response) || response.description !== "Default Response") return response;
  return { ...response, description: STATUS_CODES[status] ?? status };
}

function withProblemType(response: Operation["responses"][string]): Operation["responses"][string] {
  const { content = {}, ...rest } = response as Response;
  const media = content["application/json"];
  const isProblem = /Problem$/.test(String(media?.schema.$ref));
  return media === undefined || !isProblem ? response : { ...rest, content: { [problemType]: media } };
}
