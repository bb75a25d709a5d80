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
