// Writes a line for each change in the queues: JSON, or text where there is no terminal.
import { once } from "node:events";
import { formatFailedReason, subjectOf } from "../../jobs/index.js";
import { hasEnded, type JobEvent } from "../../producer/index.js";
import { formatText, formatTime, pausedLines } from "./format.js";
import { describeProgress } from "./progress-text.js";
import type { QueueWatch } from "./queue-watch.js";

/** A change as `--json` prints it, with the field names of a job's record. */
interface Change extends Pick<JobEvent, "at" | "queue" | "id" | "state"> {
  readonly name: string | null;
  readonly data: unknown;
  readonly progress: unknown;
  readonly result: unknown;
  readonly failedReason: string | null;
}

/** Writes the changes until the signal aborts, those of a queue in Redis's order. */
export async function writeChanges({
  context,
  producer,
  events,
  state,
  address,
  begun,
  away,
  signal,
}: QueueWatch) {
  const { json, tell, warn } = context;
  const notice = await begun();
  tell(`watching the queues of graph "${context.config.graph}" at ${address}; Ctrl-C stops`);
  if (notice !== undefined) tell(notice);
  for (const line of pausedLines(await producer.paused().catch(() => []))) warn(line);
  /** Name and data of the unfinished jobs, from their records. */
  const known = new Map<string, Promise<{ name: string; data: unknown } | undefined>>();
  const identify = (id: string) => {
    const found = known.get(id) ?? producer.job(id).catch(() => undefined);
    known.set(id, found);
    return found;
  };
  for await (const batch of events) {
    const wanted = batch.filter((event) => !("id" in event) || state === undefined || event.state === state);
    // All records at once, so that a burst of jobs takes few round trips.
    for (const event of wanted) if ("id" in event) identify(event.id);
    for (const event of wanted) {
      if (signal.aborted) return;
      if ("connection" in event) {
        warn(event.connection === "restored" ? `Redis at ${address} answers again` : away(event.error));
        continue;
      }
      const job = await identify(event.id);
      if (hasEnded(event) || event.state === "removed" || state !== undefined) known.delete(event.id);
      const change = toChange(event, job);
      const line = json ? JSON.stringify(change) : describe(change);
      if (!process.stdout.write(`${line}\n`)) {
        await once(process.stdout, "drain", { signal }).catch(() => undefined);
      }
    }
  }
}

function toChange(
  { at, queue, id, state, progress, result, error }: JobEvent,
  job: { name: string; data: unknown } | undefined,
): Change {
  return {
    at,
    queue,
    id,
    name: job?.name ?? null,
    state,
    data: job?.data ?? null,
    progress: progress ?? null,
    result: result ?? null,
    failedReason: error === undefined ? null : formatFailedReason(error.code, error.message),
  };
}

function describe(change: Change): string {
  const { at, queue, id, name, state, failedReason } = change;
  const progress = change.progress as JobEvent["progress"] | null;
  const detail = progress == null ? [failedReason] : describeProgress(progress);
  const parts = [formatTime(at), queue, name, subjectOf(change), id, state, ...detail];
  return formatText(parts.filter((part) => (part ?? "") !== "").join("  "));
}
