// What happened to a job when, as its record and its log tell: how long it waited, its tries, where each was, how it ended.
import type { JobRecord } from "../../api-types.js";

/** A stretch of a job's life. Times are in ms since the epoch. */
export interface Stretch {
  readonly kind: "waiting" | "try" | "children";
  readonly from: number;
  /** Undefined while it lasts. */
  readonly to: number | undefined;
  /** Of a try: which. */
  readonly number?: number;
  /** Of a try: the host whose worker had it; undefined if nothing tells. */
  readonly host?: string | undefined;
  /** What it waited for, or how the try ended; empty while it lasts. */
  readonly outcome: string;
  /** What a try was at, in turn. */
  readonly steps: readonly { readonly at: number; readonly text: string }[];
}

interface Line {
  readonly at: number;
  readonly text: string;
}

const began = /^try (\d+) of \d+ began on host (.+)$/;
/** What a worker writes of a try's end, and what the job waits for then. */
const ends = [
  [/^completed after /, ""],
  [/^cancelled$/, ""],
  [/^failed: .*\(tried again/s, "its next try"],
  [/^failed: /, ""],
  [/^waits for its child jobs$/, "children"],
  [/^given back to its queue/, "another worker"],
  [/^given up: its lock was lost/, "another worker"],
  [/^its worker was lost/, "another worker"],
] as const;

/** The stretches in their order. @param log its lines: `<RFC 3339 time> <text>` */
export function timelineOf(job: JobRecord, log: readonly string[]): Stretch[] {
  const lines = log.flatMap(readLine);
  const stretches: Stretch[] = [];
  const begun = lines.findIndex(({ text }) => began.test(text));
  const firstStart = lines[begun]?.at ?? job.startedAt ?? undefined;
  // A job that was retried by hand has the log of its tries before.
  const created = Math.min(job.createdAt, firstStart ?? job.createdAt);
  const isDelayed = job.dueAt !== null && job.state === "delayed";
  const end = job.finishedAt ?? undefined;
  let open = stretch("waiting", created, isDelayed && begun === -1 ? "its time" : "a worker");
  const close = (at: number) => {
    if (at > open.from || open.kind !== "waiting") stretches.push({ ...open, to: at });
  };
  for (const { at, text } of lines) {
    const [, number, host] = began.exec(text) ?? [];
    if (number !== undefined) {
      close(at);
      open = { ...stretch("try", at, ""), number: Number(number), host };
      continue;
    }
    const found = ends.find(([form]) => form.test(text));
    if (found === undefined) {
      open = { ...open, steps: [...open.steps, { at, text }] };
      continue;
    }
    if (open.kind === "try") open = { ...open, outcome: text };
    close(at);
    const [, next] = found;
    open = next === "children" ? stretch("children", at, "its children") : stretch("waiting", at, next);
  }
  // A job that ended within a moment leaves no lines.
  if (begun === -1 && job.startedAt !== null) {
    close(job.startedAt);
    open = {
      ...stretch("try", job.startedAt, end === undefined ? "" : job.state),
      number: Math.max(1, job.attempts),
    };
  }
  if (end === undefined) stretches.push(open);
  else if (open.kind !== "waiting" || stretches.length === 0) close(end);
  return stretches;
}

function stretch(kind: Stretch["kind"], from: number, outcome: string): Stretch {
  return { kind, from, to: undefined, outcome, steps: [] };
}

function readLine(line: string): Line[] {
  const space = line.indexOf(" ");
  const at = Date.parse(line.slice(0, space));
  return Number.isNaN(at) ? [] : [{ at, text: line.slice(space + 1) }];
}
