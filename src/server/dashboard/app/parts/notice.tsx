// What went wrong, in words.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api.js";
import type { JobRecord } from "../api-types.js";

export function Notice({ kind = "bad", children }: { kind?: "bad" | "info"; children: ComponentChildren }) {
  return (
    <p class={`notice ${kind}`} role={kind === "bad" ? "alert" : "status"}>
      {children}
    </p>
  );
}

/** Nothing where there is no error. */
export function ErrorNotice({ error }: { error: ApiError | undefined }) {
  if (error === undefined) return null;
  const more = error.code === "QUEUE_UNAVAILABLE" ? " The page goes on by itself when Redis is back." : "";
  return (
    <Notice>
      {error.message}
      {more}
    </Notice>
  );
}

/** Nothing where no queue is paused. */
export function PausedNotice({ queues = [] }: { queues?: readonly string[] | undefined }) {
  if (queues.length === 0) return null;
  const [which, whose] = queues.length === 1 ? ["queue", "is paused: its"] : ["queues", "are paused: their"];
  return (
    <Notice kind="info">
      The {which} {queues.join(", ")} {whose} jobs wait.
    </Notice>
  );
}

/** Why a job has no result; nothing for any other. That somebody cancelled it is no fault. */
export function EndNotice({ job: { state, failedReason } }: { job: JobRecord }) {
  if (failedReason === null || (state !== "failed" && state !== "cancelled")) return null;
  return <Notice kind={state === "cancelled" ? "info" : "bad"}>{failedReason}</Notice>;
}
