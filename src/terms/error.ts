// The one error type of the domain (host, graph, layer, mount): a stable code for machines and a
// message for people that names the thing. The whole list of codes, those of the queue included,
// is part of the contract in jobs/error.ts.

/** Codes that domain code may throw. Each is also a member of `ErrorCode` in the job contract. */
export type DomainErrorCode =
  | "INVALID_ID"
  | "INVALID_NAME"
  | "INVALID_JOB"
  | "IMAGE_NOT_FOUND"
  | "AMBIGUOUS_ID"
  | "IMAGE_EXISTS"
  | "IMAGE_BROKEN"
  | "PARENT_NOT_FOUND"
  | "PARENT_CYCLE"
  | "IMAGE_IN_USE"
  | "SOURCE_NOT_FOUND"
  | "SOURCE_FORBIDDEN"
  | "SOURCE_MISMATCH"
  | "BAD_ARCHIVE"
  | "UNSAFE_ENTRY"
  | "LIMIT_EXCEEDED"
  | "NO_SPACE"
  | "NEEDS_ROOT"
  | "UNKNOWN_RECIPE"
  | "CHECKSUM_MISMATCH"
  | "NOT_MOUNTED"
  | "ALREADY_MOUNTED"
  | "TARGET_FORBIDDEN"
  | "MOUNT_UNSUPPORTED"
  | "MOUNT_FAILED"
  | "TOOL_MISSING"
  | "QUEUE_UNAVAILABLE"
  | "CANCELLED"
  | "INTERNAL";

/** An error with a stable `code`. `message` is for people and names the thing that is wrong. */
export class StevedoreError extends Error {
  override readonly name = "StevedoreError";
  readonly code: DomainErrorCode;

  constructor(code: DomainErrorCode, message: string, options?: ErrorOptions) {
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

/** True for an error of Node's file system or process calls with this `errno` name, such as `ENOENT`. */
export function isErrno(error: unknown, ...codes: string[]): error is ErrnoError {
  return error instanceof Error && "code" in error && codes.includes(String(error.code));
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
