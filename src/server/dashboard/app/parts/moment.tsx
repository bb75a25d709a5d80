// A moment, as long ago as it is; the exact time is told to whoever points at it.
import { signal } from "@preact/signals";
import type { JobRecord } from "../api-types.js";
import { formatAge, formatTime } from "../format.js";

/** The present, which moves on every second for all that show how long ago something was. */
const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);

/** When a job ended, is due, or else was made. */
export function JobMoment({ job }: { job: Pick<JobRecord, "finishedAt" | "dueAt" | "createdAt"> }) {
  if (job.dueAt === null) return <Moment at={job.finishedAt ?? job.createdAt} />;
  return (
    <>
      due <Moment at={job.dueAt} />
    </>
  );
}

/** @param at in ms since the epoch @param exact whether the time itself is shown, too, in the reader's time zone */
export function Moment({ at, exact = false }: { at: number; exact?: boolean }) {
  const iso = isoOf(at);
  const age = formatAge(now.value - at);
  return (
    <time dateTime={iso} title={exact ? iso : `${formatTime(at)}, ${iso}`}>
      {exact ? `${formatTime(at)} (${age})` : age}
    </time>
  );
}

/** Records tell what their writers like. */
function isoOf(at: number): string {
  const time = new Date(at);
  return Number.isNaN(time.getTime()) ? "?" : time.toISOString();
}
