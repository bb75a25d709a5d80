// A job as a row of a list.
import type { JobRecord } from "../../producer/index.js";
import { onOneLine } from "../../terms/index.js";
import { formatDue, formatTime } from "./format.js";

export const jobsHeader = ["ID", "QUEUE", "NAME", "STATE", "TRIES", "CREATED", "FAILURE"];

/** The states of jobs that no worker has begun. */
const unbegun: readonly string[] = ["waiting", "prioritized", "delayed"];

/** @param paused the queues that are paused */
export function jobRow(record: JobRecord, paused: readonly string[], now = Date.now()): string[] {
  const { id, queue, name, attempts, createdAt, failedReason } = record;
  return [
    ...[onOneLine(id), queue, onOneLine(name, 40), stateCell(record, paused.includes(queue), now)],
    ...[String(attempts), formatTime(createdAt), failedReason ?? ""],
  ];
}

function stateCell({ state, dueAt }: JobRecord, isPaused: boolean, now: number): string {
  const notes = [
    ...(dueAt === null ? [] : [formatDue(dueAt, now)]),
    ...(isPaused && unbegun.includes(state) ? ["paused"] : []),
  ];
  return notes.length === 0 ? state : `${state} (${notes.join(", ")})`;
}
