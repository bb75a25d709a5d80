// A moment, as long ago as it is; the exact time is told to whoever points at it.
import { signal } from "@preact/signals";
import { formatAge, formatTime } from "../format.js";

/** The present, which moves on every second for all that show how long ago something was. */
const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);

/** @param at in ms since the epoch */
export function Moment({ at }: { at: number }) {
  return (
    <time dateTime={new Date(at).toISOString()} title={formatTime(at)}>
      {formatAge(now.value - at)}
    </time>
  );
}
