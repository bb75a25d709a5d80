// The error codes of the contract, how they stand in a job record, and which of them are worth a retry.

/** Every code a job, the producer, the command line or the HTTP API may answer with. Never renamed. */
export const errorCodes = [
  "INVALID_ID",
  "INVALID_NAME",
  "INVALID_JOB",
  "IMAGE_NOT_FOUND",
  "AMBIGUOUS_ID",
  "IMAGE_EXISTS",
  "IMAGE_BROKEN",
  "PARENT_NOT_FOUND",
  "PARENT_CYCLE",
  "IMAGE_IN_USE",
  "SOURCE_NOT_FOUND",
  "SOURCE_FORBIDDEN",
  "SOURCE_MISMATCH",
  "BAD_ARCHIVE",
  "UNSAFE_ENTRY",
  "LIMIT_EXCEEDED",
  "NO_SPACE",
  "NEEDS_ROOT",
  "UNKNOWN_RECIPE",
  "CHECKSUM_MISMATCH",
  "NOT_MOUNTED",
  "ALREADY_MOUNTED",
  "TARGET_FORBIDDEN",
  "MOUNT_UNSUPPORTED",
  "MOUNT_FAILED",
  "TOOL_MISSING",
  "QUEUE_UNAVAILABLE",
  "CANCELLED",
  "INTERNAL",
] as const;

export type ErrorCode = (typeof errorCodes)[number];

const transient: ReadonlySet<ErrorCode> = new Set([
  "NO_SPACE",
  "QUEUE_UNAVAILABLE",
  "MOUNT_FAILED",
  "INTERNAL",
]);

/** True for a code that time may heal, so that the worker tries the job again. */
export function isTransient(code: ErrorCode): boolean {
  return transient.has(code);
}

/** A job that failed, or could not be enqueued. `code` is stable, `message` is for people. */
export class JobError extends Error {
  override readonly name = "JobError";
  readonly code: ErrorCode;
  readonly jobId: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { jobId?: string | undefined } = {}) {
    super(message, options);
    this.code = code;
    this.jobId = options.jobId;
  }
}

/** The `failedReason` of a job record: `CODE: message`. */
export function formatFailedReason(code: ErrorCode, message: string): string {
  return `${code}: ${message}`;
}

/** Reads a `failedReason` back. One that does not begin with a code (BullMQ's own) is `INTERNAL`. */
export function parseFailedReason(failedReason: string): { code: ErrorCode; message: string } {
  const colon = failedReason.indexOf(": ");
  const code = errorCodes.find((known) => known === failedReason.slice(0, colon));
  if (code === undefined) return { code: "INTERNAL", message: failedReason };
  return { code, message: failedReason.slice(colon + 2) };
}
