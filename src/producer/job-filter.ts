// Which of a graph's jobs are meant: the one form in which they are listed, retried and removed.
import { type AnyQueueName, type ErrorCode, reasonPrefix } from "../jobs/index.js";
import { onOneLine } from "../terms/index.js";
import { type JobRecord, type JobState, type KeptState, keptStateOf, keptStates } from "./job-records.js";

/** Every field that is given must match. */
export interface JobFilter {
  /** `failed` leaves out those that were cancelled. */
  readonly state?: JobState | undefined;
  readonly queue?: AnyQueueName | undefined;
  /** The name of a job of the contract, or of another. */
  readonly name?: string | undefined;
  /** An image: its id, or a name as the job's data or result has it; also one of the images of a batch. */
  readonly image?: string | undefined;
  /** The code that a job has failed with; `CANCELLED` for those that were cancelled. */
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
    // A record has its name on one line, and bounded.
    (name === undefined || record.name === name || record.name === onOneLine(name)) &&
    (image === undefined || namesImage(record.data, image) || namesImage(record.result, image)) &&
    (code === undefined || hasFailedWith(record, code)) &&
    (since === undefined || time >= since) &&
    (before === undefined || time < before)
  );
}

/** The states of BullMQ's in which such jobs are kept. */
export function statesOfFilter({ state, code }: JobFilter): readonly KeptState[] {
  const asked = state === undefined ? keptStates : [keptStateOf(state)];
  return code === undefined ? asked : asked.filter((kept) => kept === "failed");
}

function hasFailedWith({ state, failedReason }: JobRecord, code: ErrorCode): boolean {
  const isEnd = state === "failed" || state === "cancelled";
  return isEnd && failedReason?.startsWith(reasonPrefix(code)) === true;
}

/** The fields of data and results that name images, alone or in a list. */
const imageFields: ReadonlySet<string> = new Set([
  ...["id", "ids", "name", "names", "parent", "previous", "image", "ref", "cancelled"],
]);

/** Whether an image is named anywhere in a job's data or result. */
function namesImage(value: unknown, image: string, field = ""): boolean {
  if (typeof value === "string") return value === image && imageFields.has(field);
  if (Array.isArray(value)) return value.some((part) => namesImage(part, image, field));
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, part]) => namesImage(part, image, key));
}
