// How an error of a handler becomes the failure of a job: its code, and whether to try again.
import { UnrecoverableError } from "bullmq";
import { type ErrorCode, formatFailedReason, isTransient, JobError } from "../jobs/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";

/** The code and message of whatever a handler threw. */
export function failureOf(error: unknown): { code: ErrorCode; message: string } {
  if (error instanceof StevedoreError || error instanceof JobError) {
    return { code: error.code, message: error.message };
  }
  if (isErrno(error, "ENOSPC", "EDQUOT")) return { code: "NO_SPACE", message: error.message };
  return { code: "INTERNAL", message: error instanceof Error ? error.message : String(error) };
}

/** The error to throw at BullMQ: it tries a transient failure again, a permanent one not. */
export function jobFailure(error: unknown): Error {
  // Already what a record says.
  if (error instanceof UnrecoverableError) return error;
  const { code, message } = failureOf(error);
  const reason = formatFailedReason(code, message);
  return isTransient(code) ? new Error(reason, { cause: error }) : new UnrecoverableError(reason);
}
