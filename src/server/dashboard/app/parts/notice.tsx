// What went wrong, in words.
import type { ComponentChildren } from "preact";
import type { ApiError } from "../api.js";

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
