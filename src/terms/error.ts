// The error type of Stevedore: a stable code for machines, and a message for people that names the thing.
import type { ErrorCode } from "./error-codes.js";

/** An error with a stable `code`. `message` is for people and names the thing that is wrong. */
export class StevedoreError extends Error {
  override readonly name: string = "StevedoreError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** An error of a system call, as Node reports it (`NodeJS.ErrnoException`, without Node's types: pages import this room). */
export interface ErrnoError extends Error {
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly path?: string | undefined;
  readonly syscall?: string | undefined;
}

/** The error of a job that failed or could not be enqueued, and of a queue that could not be asked. */
export class JobError extends StevedoreError {
  override readonly name = "JobError";
  /** Undefined where there is no job yet. */
  readonly jobId: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions & { jobId?: string | undefined } = {}) {
    super(code, message, options);
    this.jobId = options.jobId;
  }
}

/** An error as it is told of: in a job's record, a document, a line. */
export interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** The code and the message of whatever was thrown. A full disk is `NO_SPACE`, anything unknown `INTERNAL`. */
export function failureOf(error: unknown): Failure {
  if (error instanceof StevedoreError) return { code: error.code, message: error.message };
  if (isErrno(error, "ENOSPC", "EDQUOT")) return { code: "NO_SPACE", message: errnoMessage(error) };
  return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) };
}

/** An error of Node's file system or process calls, as its own types have it: they are not there in a browser. */
export interface ErrnoError extends Error {
  readonly code?: string | undefined;
  readonly errno?: number | undefined;
  readonly path?: string | undefined;
  readonly syscall?: string | undefined;
}

/** True for an error of Node's file system or process calls with this `errno` name, such as `ENOENT`. */
export function isErrno(error: unknown, ...codes: string[]): error is ErrnoError {
  if (!(error instanceof Error && "code" in error)) return false;
  return codes.includes(isQuotaError(error) ? "EDQUOT" : String(error.code));
}

/** The message of such an error, with the kernel's words for what Node has none for. */
export function errnoMessage(error: ErrnoError): string {
  if (!isQuotaError(error)) return error.message;
  const { syscall = "", path } = error;
  return `EDQUOT: disk quota exceeded, ${syscall}${path === undefined ? "" : ` '${path}'`}`;
}

/** Node has no name for EDQUOT: its promises give a code "Unknown system error -122", its other calls UNKNOWN. */
function isQuotaError(error: Error): boolean {
  return "errno" in error && error.errno === -122;
}

/** Throws `CANCELLED` if the signal was aborted; the signal's own reason wins if it carries a code. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled(signal);
}

/** The error that stands for an aborted signal: its reason if that is a `StevedoreError`, else `CANCELLED`. */
export function cancelled(signal: AbortSignal): StevedoreError {
  if (signal.reason instanceof StevedoreError) return signal.reason;
  return new StevedoreError("CANCELLED", "the work was cancelled", { cause: signal.reason });
}
