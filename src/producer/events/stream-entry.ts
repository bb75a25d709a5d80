// Reads the entries of a queue's event stream, as BullMQ passes them on or as Redis returns them.
import { jobLogEvent, parseFailedReason, parseProgress } from "../../jobs/index.js";
import type { Failure } from "../../terms/index.js";
import { stateOf } from "../job-records.js";
import type { JobUpdate, LogLine } from "./job-events.js";

/** The fields of an event. Those that are JSON in Redis (`data`, `returnvalue`) are parsed. */
export interface EventFields {
  readonly jobId: string;
  readonly [field: string]: unknown;
}

/** BullMQ's events that are passed on. */
export const toldEvents = [
  ...(["waiting", "delayed", "waiting-children", "active", "progress"] as const),
  ...(["completed", "failed", "removed"] as const),
];

/** The update that an event amounts to; undefined for an event that is not passed on. */
export function readUpdate(event: string, fields: EventFields): JobUpdate | undefined {
  switch (event) {
    case "waiting":
    case "delayed":
    case "waiting-children":
    case "active":
      return { state: event };
    case "progress": {
      const progress = parseProgress(fields.data);
      return progress && { state: "active", progress };
    }
    case "completed":
      return { state: "completed", result: fields.returnvalue };
    case "failed": {
      const reason = String(fields.failedReason);
      return { state: stateOf(event, reason), error: parseFailedReason(reason) };
    }
    case "removed":
      return { state: "failed", error: jobGone(fields.jobId) };
    default:
      return undefined;
  }
}

/** The error of a job whose record is gone, or never was there. */
export function jobGone(jobId: string): Failure {
  return { code: "JOB_NOT_FOUND", message: `there is no job ${JSON.stringify(jobId)}, or no longer` };
}

/** The line of an event `log`. */
export function readLogLine({ line, at }: EventFields): LogLine {
  return { line: String(line), at: Number(at) };
}

/** Reads an entry as Redis returns it, names and values by turns. Undefined if it has no job, or is not passed on. */
export function readEntry(
  entry: readonly string[],
): { readonly jobId: string; readonly what: JobUpdate | LogLine } | undefined {
  const fields: Record<string, unknown> = {};
  for (let at = 0; at + 1 < entry.length; at += 2) fields[entry[at] ?? ""] = entry[at + 1];
  const { jobId, event } = fields;
  if (typeof jobId !== "string" || typeof event !== "string") return undefined;
  const known = { ...fields, jobId, data: readJson(fields.data), returnvalue: readJson(fields.returnvalue) };
  const what = event === jobLogEvent ? readLogLine(known) : readUpdate(event, known);
  return what && { jobId, what };
}

function readJson(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : undefined;
  } catch {
    return undefined;
  }
}
