// Turns the error of a handler into the failure of a job, which BullMQ retries or not.
import { UnrecoverableError } from "bullmq";
import { formatFailedReason, isTransient } from "../jobs/index.js";
import { asUnavailable } from "../redis/index.js";
import { failureOf } from "../terms/index.js";

/** The error to throw at BullMQ, which retries a transient failure, and not a permanent one. */
export function jobFailure(error: unknown): Error {
  // It already has the form of a record's `failedReason`.
  if (error instanceof UnrecoverableError) return error;
  const { code, message } = failureOf(asUnavailable(error));
  const reason = formatFailedReason(code, message);
  return isTransient(code) ? new Error(reason, { cause: error }) : new UnrecoverableError(reason);
}
