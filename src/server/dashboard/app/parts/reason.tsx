// Why a job has no result, in a line: with short ids, the whole for whoever points at it.
import type { JobRecord } from "../api-types.js";
import { shortenIds } from "../format.js";

/** Nothing for a job that has a result. What somebody asked for is no fault. */
export function Reason({ job: { state, failedReason } }: { job: Pick<JobRecord, "state" | "failedReason"> }) {
  if (failedReason === null) return null;
  return (
    <span class={state === "cancelled" ? "reason muted" : "reason"} title={failedReason}>
      {shortenIds(failedReason)}
    </span>
  );
}
