// The jobs of the queues as a table, and what a job waits for.
import { parseProgress, subjectOf } from "../../../jobs/index.js";
import type { ChildCounts, JobRecord } from "../../../producer/index.js";
import { onOneLine, shortId } from "../../../terms/index.js";
import { formatAge, formatDue, formatTime } from "../format.js";
import { figuresOf } from "../progress-figures.js";
import { formatImages } from "../progress-text.js";
import type { Style } from "../surface.js";
import { type ListView, tableLines } from "./table.js";

/** What is known of the queues, and of the batches whose progress does not tell how far they are. */
export interface JobSurroundings {
  /** The queues that are paused. */
  readonly paused: readonly string[];
  /** The queues that no worker serves. */
  readonly unserved: readonly string[];
  /** By the batch's id. */
  readonly children: ReadonlyMap<string, ChildCounts>;
}

/** The states of jobs that no worker has begun. */
const unbegun: readonly string[] = ["waiting", "prioritized", "delayed"];

/** A job that no worker has begun: what it waits for is told of its queue. */
export function isUnbegun({ state }: Pick<JobRecord, "state">): boolean {
  return unbegun.includes(state);
}

export function jobTableLines(jobs: readonly JobRecord[], around: JobSurroundings, view: ListView): string[] {
  const { isWhole, now } = view;
  return tableLines(
    [
      { heading: "NAME", least: 8, usual: 40, cell: ({ name }) => onOneLine(name, 40) },
      {
        ...{ heading: "ABOUT", least: 8, usual: 40, rank: 1 },
        cell: (job) => (isWhole ? onOneLine(subjectOf(job)) : shortSubject(job)),
      },
      {
        ...{ heading: "STATE", least: 9, wanted: 16 },
        cell: (job) => stateText(job, around, now),
        style: ({ state }) => stateStyle(state),
      },
      {
        ...{ heading: isWhole ? "CREATED" : "AGE", side: "right", rank: 2 },
        cell: ({ createdAt }) => (isWhole ? formatTime(createdAt) : formatAge(createdAt, now)),
      },
      { heading: "TRIES", side: "right", rank: 4, cell: ({ attempts }) => String(attempts) },
      { heading: "QUEUE", least: 8, rank: 3, cell: ({ queue }) => queue },
      {
        heading: "ID",
        least: 12,
        usual: 36,
        cell: ({ id }) => (isWhole ? onOneLine(id, 400) : shortJobId(id)),
      },
      {
        ...{ heading: "FAILURE", least: 12, wanted: 24 },
        cell: ({ failedReason }) => failedReason ?? "",
        style: ({ state }) => (state === "failed" ? "bad" : undefined),
      },
    ],
    view,
    jobs,
  );
}

/** A job's state, and what it waits for where that is known: `delayed (due in 14h03m)`, `waiting (paused)`. */
export function stateText(job: JobRecord, around: JobSurroundings, now: number): string {
  const { id, state, queue, dueAt } = job;
  const isPaused = around.paused.includes(queue);
  const counts = around.children.get(id);
  const images = state === "waiting-children" ? imagesOf(job) : undefined;
  const notes = [
    ...(dueAt === null ? [] : [formatDue(dueAt, now)]),
    ...(isPaused && (isUnbegun(job) || state === "waiting-children") ? ["paused"] : []),
    ...(!isPaused && dueAt === null && isUnbegun(job) && around.unserved.includes(queue)
      ? ["no worker"]
      : []),
    ...(images !== undefined ? [formatImages(images)] : counts === undefined ? [] : [childrenText(counts)]),
  ];
  return notes.length === 0 ? state : `${state} (${notes.join(", ")})`;
}

/** How far a batch is, as it has reported that itself. */
export function imagesOf(job: JobRecord): { readonly done: number; readonly total: number } | undefined {
  const progress = parseProgress(job.progress);
  return progress === undefined ? undefined : figuresOf(progress, { rate: undefined }).images;
}

function childrenText({ waiting, active, ...ended }: ChildCounts): string {
  const left = waiting + active;
  const total = left + ended.completed + ended.failed + ended.cancelled;
  return `${left} of ${total} to do`;
}

const styles: Readonly<Partial<Record<string, Style>>> = {
  ...{ active: "busy", "waiting-children": "busy" },
  ...{ completed: "good", failed: "bad", cancelled: "warning" },
};

/** The colour of a state. */
export function stateStyle(state: string): Style | undefined {
  return styles[state];
}

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** The id that is made of a job's work. */
const madeOfWork = /^[A-Za-z][A-Za-z0-9_-]{21}$/;

/** An id that was made up as far as it tells it from others; one that somebody chose whole. */
export function shortJobId(id: string): string {
  return uuid.test(id) || madeOfWork.test(id) ? shortId(id) : onOneLine(id);
}

/** What a job is about; the id of an image is shortened as it is elsewhere. */
export function shortSubject(job: JobRecord): string {
  const subject = onOneLine(subjectOf(job));
  return /^[0-9a-f]{64}$/.test(subject) ? shortId(subject) : subject;
}
