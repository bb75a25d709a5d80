// What the HTTP API answers when it refuses: problem documents (RFC 9457) that carry a stable code.
import { STATUS_CODES } from "node:http";
import type { FastifyError, FastifyReply, FastifyRequest } from "fastify";
import { hasZodFastifySchemaValidationErrors, isResponseSerializationError } from "fastify-type-provider-zod";
import { z } from "zod";
import { codeOfIssues } from "../jobs/index.js";
import { asUnavailable } from "../redis/index.js";
import { type ErrorCode, errorCodes, failureOf, JobError, StevedoreError, statusOf } from "../terms/index.js";

/** What only HTTP has to say; a job never fails with one of these. */
export const httpErrorCodes = [
  "INVALID_REQUEST",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "CONFLICT",
  "TOO_MANY_REQUESTS",
] as const;
export type HttpErrorCode = (typeof httpErrorCodes)[number];

/** A problem document. `type` is `about:blank`, so `title` is the status's own phrase (RFC 9457, section 4.2.1). */
export const problem = z
  .object({
    type: z.literal("about:blank"),
    title: z.string(),
    status: z.int().min(400).max(599),
    /** For people; names the thing that is wrong. */
    detail: z.string(),
    /** Of an upload: where its next part begins, in bytes. */
    offset: z.int().nonnegative().optional(),
    /** For machines; stable. */
    code: z.enum([...errorCodes, ...httpErrorCodes]),
    /** The path that was asked for. */
    instance: z.string(),
    /** The id of the job that this is the error of. */
    job: z.string().optional(),
    /** What is wrong with each field of the request: the first twenty. */
    errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: "Problem" });
export type Problem = z.infer<typeof problem>;

/** The media type of a problem document (RFC 9457, section 3). */
export const problemType = "application/problem+json";

/** A refusal that only HTTP knows. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly status: number;
  readonly code: HttpErrorCode | ErrorCode;
  readonly headers: Readonly<Record<string, string>>;
  /** What its document has besides. */
  readonly members: Pick<Problem, "offset">;

  constructor(
    status: number,
    code: HttpErrorCode | ErrorCode,
    message: string,
    headers: Readonly<Record<string, string>> = {},
    members: Pick<Problem, "offset"> = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
    this.members = members;
  }
}

/** How long a client is asked to wait for what may come back, in s (RFC 9110, section 10.2.3). */
const retryAfter = "5";

/** Answers with the problem document of an error. `log` is told of what is this program's own fault. */
export function sendProblem(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  log: (line: string) => void,
): FastifyReply {
  const { status, code, detail, headers = {}, job, errors } = describe(error);
  if (status === 500) log(`${request.method} ${pathOf(request)}: ${stackOf(error)}`);
  if (status === 503) reply.header("retry-after", retryAfter);
  const document: Problem = {
    ...{ type: "about:blank", title: STATUS_CODES[status] ?? "Error", status, detail, code },
    instance: pathOf(request),
    ...(job === undefined ? {} : { job }),
    ...(errors === undefined ? {} : { errors }),
    ...(error instanceof HttpError ? error.members : {}),
  };
  // As text: a route's schema for its errors must not be able to make another error of this one.
  return reply
    .code(status)
    .headers(headers)
    .type(problemType)
    .serializer(String)
    .send(JSON.stringify(document));
}

/** Nothing is there: for a path that no route has. */
export function notFound(request: FastifyRequest): HttpError {
  return new HttpError(404, "NOT_FOUND", `there is nothing at ${request.method} ${pathOf(request)}`);
}

interface Description {
  readonly status: number;
  readonly code: HttpErrorCode | ErrorCode;
  readonly detail: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly job?: string | undefined;
  readonly errors?: Problem["errors"];
}

function describe(error: unknown): Description {
  if (error instanceof HttpError) {
    return { status: error.status, code: error.code, detail: error.message, headers: error.headers };
  }
  if (hasZodFastifySchemaValidationErrors(error)) return describeInvalid(error);
  const known = asUnavailable(error);
  if (known !== error) return describe(known);
  const { code, message } = failureOf(error);
  // The words of an error that nobody thought of are none of a stranger's business.
  const isKnown = error instanceof StevedoreError || code !== "INTERNAL";
  if (isKnown) return { status: statusOf(code), code, detail: message, job: jobOf(error) };
  if (isResponseSerializationError(error) || !(error instanceof Error)) return internal;
  const { statusCode = 500 } = error as FastifyError;
  if (statusCode < 400 || statusCode > 499) return internal;
  if (statusCode === 413) return { status: 413, code: "LIMIT_EXCEEDED", detail: error.message };
  if (statusCode === 429) return { status: 429, code: "TOO_MANY_REQUESTS", detail: error.message };
  return { status: statusCode, code: "INVALID_REQUEST", detail: error.message };
}

function jobOf(error: unknown): string | undefined {
  return error instanceof JobError ? error.jobId : undefined;
}

const internal = {
  status: 500,
  code: "INTERNAL",
  detail: "something went wrong that should not have; the server's log says what",
} as const;

/** The fields that an answer names: there may be a million that are wrong. */
const mostErrors = 20;

/**
 * A body of the right form with wrong contents is 422, with the code of the first field that has one of its own; a wrong
 * parameter in the URL or a header is 400.
 */
function describeInvalid(
  error: Parameters<typeof hasZodFastifySchemaValidationErrors>[0] & {
    validation: { instancePath: string; message?: string; params?: unknown }[];
    validationContext?: string | undefined;
  },
): Description {
  const errors = error.validation.slice(0, mostErrors).map(({ instancePath, message = "is wrong" }) => ({
    path: instancePath.replace(/^\//, "").replaceAll("/", "."),
    message,
  }));
  const where = error.validationContext ?? "body";
  const more = error.validation.length - errors.length;
  const detail =
    errors.map(({ path, message }) => `${path === "" ? where : path}: ${message}`).join("; ") +
    (more > 0 ? `; and ${more} more` : "");
  if (where !== "body") return { status: 400, code: "INVALID_REQUEST", detail, errors };
  // fastify-type-provider-zod keeps an issue of zod in `params`.
  const issues = error.validation.map(({ params }) => params ?? {});
  return { status: 422, code: codeOfIssues(issues), detail, errors };
}

function pathOf({ url }: FastifyRequest): string {
  return url.split("?", 1)[0] ?? "";
}

function stackOf(error: unknown): string {
  if (isResponseSerializationError(error)) return `the answer is not as documented: ${error.cause.message}`;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
