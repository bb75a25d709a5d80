// Which of a graph's jobs are meant: the one form in which they are listed, retried and removed.
import type { AnyQueueName, ErrorCode } from "../jobs/index.js";
import type { JobRecord, JobState } from "./job-records.js";

/** Every field that is given must match. */
export interface JobFilter {
  readonly state?: JobState | undefined;
  readonly queue?: AnyQueueName | undefined;
  /** The name of a job of the contract, or of another. */
  readonly name?: string | undefined;
  /** An image: its id, or a name as the job's data has it. */
  readonly image?: string | undefined;
  /** The code that a failed job's reason begins with. */
  readonly code?: ErrorCode | undefined;
  /** The job ended or, if it has not, was created at that time or later, in ms since the epoch. */
  readonly since?: number | undefined;
  /** The same: before that time. */
  readonly before?: number | undefined;
}

/** Whether a job is one that is meant. */
export function matchesFilter(record: JobRecord, filter: JobFilter): boolean {
  const { state, queue, name, image, code, since, before } = filter;
  const time = record.finishedAt ?? record.createdAt;
  return (
    (state === undefined || record.state === state) &&
    (queue === undefined || record.queue === queue) &&
    (name === undefined || record.name === name) &&
    (image === undefined || [record.data, record.result].some((value) => holds(value, image))) &&
    (code === undefined || record.failedReason?.startsWith(`${code}: `) === true) &&
    (since === undefined || time >= since) &&
    (before === undefined || time < before)
  );
}

/** Whether a text stands anywhere in a value of JSON. */
function holds(value: unknown, text: string): boolean {
  if (typeof value === "string") return value === text;
  return (
    typeof value === "object" && value !== null && Object.values(value).some((part) => holds(part, text))
  );
}
