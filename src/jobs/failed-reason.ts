// How the error of a job stands in its record.
import { type ErrorCode, type Failure, isErrorCode } from "../terms/index.js";

/** The `failedReason` of a job record: `CODE: message`. */
export function formatFailedReason(code: ErrorCode, message: string): string {
  return `${reasonPrefix(code)}${message}`;
}

/** What a `failedReason` of this code begins with. */
export function reasonPrefix(code: ErrorCode): string {
  return `${code}: `;
}

/** Reads a `failedReason` back. One that does not begin with a code (BullMQ's own) is `INTERNAL`. */
export function parseFailedReason(failedReason: string): Failure {
  const colon = failedReason.indexOf(": ");
  const code = failedReason.slice(0, colon);
  if (!isErrorCode(code)) return { code: "INTERNAL", message: failedReason };
  return { code, message: failedReason.slice(colon + 2) };
}

/** True for the `failedReason` of a job that was cancelled: BullMQ keeps it among those that failed. */
export function isCancelledReason(failedReason: string): boolean {
  return failedReason.startsWith(reasonPrefix("CANCELLED"));
}
