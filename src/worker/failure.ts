// How an error of a handler becomes the failure of a job: whether to try it again.
import { UnrecoverableError } from "bullmq";
import { formatFailedReason, isTransient } from "../jobs/index.js";
import { failureOf } from "../terms/index.js";

/** The error to throw at BullMQ: it tries a transient failure again, a permanent one not. */
export function jobFailure(error: unknown): Error {
  // Already what a record says.
  if (error instanceof UnrecoverableError) return error;
  const { code, message } = failureOf(error);
  const reason = formatFailedReason(code, message);
  return isTransient(code) ? new Error(reason, { cause: error }) : new UnrecoverableError(reason);
}
