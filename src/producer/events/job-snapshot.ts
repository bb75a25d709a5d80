// The state of a job at one moment of its queue's event stream, without its data, which may be large.
import type { Queue } from "bullmq";
import type { Redis } from "ioredis";
import { parseFailedReason, parseProgress } from "../../jobs/index.js";
import { type KeptState, stateOf } from "../job-records.js";
import { isOtherKey } from "../unreadable/index.js";
import type { JobUpdate, LogLine } from "./job-events.js";

export interface JobSnapshot {
  /** Its state, its progress, and the newest lines of its log. The state of a job that has ended comes last. */
  readonly parts: readonly (JobUpdate | LogLine)[];
  /** The lines among them. */
  readonly lines: readonly LogLine[];
  readonly hasEnded: boolean;
  /** The last event of the queue's stream that this takes into account. */
  readonly eventId: string;
}

/** The id that comes before those of all events. */
export const noEvent = "0-0";
/** How many lines of a log are read: the newest. */
const mostLines = 200;

/** The sorted sets and the lists in which BullMQ keeps the jobs of a state. */
const sets = ["completed", "failed", "delayed", "prioritized", "waiting-children"] as const;
const lists = { active: "active", waiting: "wait" } as const;

/** Reads a snapshot in one transaction; undefined if the queue has no such job. */
export async function readSnapshot(redis: Redis, queue: Queue, id: string): Promise<JobSnapshot | undefined> {
  const asked = redis
    .multi()
    .xrevrange(queue.toKey("events"), "+", "-", "COUNT", 1)
    .hmget(queue.toKey(id), "progress", "returnvalue", "failedReason")
    .lrange(queue.toKey(`${id}:logs`), -mostLines, -1);
  for (const state of sets) asked.zscore(queue.toKey(state), id);
  for (const list of Object.values(lists)) asked.lpos(queue.toKey(list), id);
  const answers = (await asked.exec()) ?? [];
  for (const [error] of answers) if (error !== null && !isOtherKey(error)) throw error;
  // A key that does not hold what it should has nothing that could be told.
  const [newest, fields, logs, ...places] = answers.map(([error, answer]) =>
    error === null ? answer : null,
  );
  const [progress, result, failedReason] = (fields ?? []) as (string | null | undefined)[];
  const states: readonly KeptState[] = [...sets, "active", "waiting"];
  const state = states.find((_, at) => places[at] !== null);
  if (state === undefined) return undefined;
  const lines = ((logs ?? []) as string[]).map(toLine);
  const eventId = ((newest ?? []) as [string, string[]][])[0]?.[0] ?? noEvent;
  if (state === "completed") {
    return { parts: [...lines, { state, result: readJson(result) }], lines, eventId, hasEnded: true };
  }
  if (state === "failed") {
    const end = { state: stateOf(state, failedReason), error: parseFailedReason(failedReason ?? "") };
    return { parts: [...lines, end], lines, eventId, hasEnded: true };
  }
  const known = parseProgress(readJson(progress));
  const update: JobUpdate[] = known === undefined ? [{ state }] : [{ state }, { state, progress: known }];
  return { parts: [...update, ...lines], lines, eventId, hasEnded: false };
}

/** A line of a log is `<RFC 3339 time> <text>`. */
function toLine(text: string): LogLine {
  const [, time = "", line = text] = /^(\d{4}-\d\d-\d\dT[\d:.]+Z) (.*)$/s.exec(text) ?? [];
  const at = Date.parse(time);
  return Number.isNaN(at) ? { line: text, at: 0 } : { line, at };
}

function readJson(text: string | null | undefined): unknown {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}
