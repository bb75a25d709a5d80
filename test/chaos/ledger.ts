// What a trial was promised: the jobs that Redis took, and what each must come to.
import type { JobName } from "../../src/jobs/index.js";
import type { Content } from "./contents.js";

/** A job whose enqueueing was answered: acknowledged. */
export interface AcknowledgedJob {
  readonly id: string;
  readonly queue: string;
  readonly name: JobName;
  /** The image it makes, or is about. */
  readonly image?: string | undefined;
  /** What a `store` unpacks. */
  readonly content?: Content | undefined;
  /** What was written into the mount before a `commit`: the path below the mount and its text. */
  readonly written?: { readonly path: string; readonly text: string } | undefined;
  /** The mount an `unmount` or `commit` is about. */
  readonly mountId?: string | undefined;
  /** True once the Redis that knew it was emptied: nobody promises it any more. */
  readonly isForgotten?: boolean | undefined;
  /** Codes it may fail with, because of another job of the trial. */
  readonly mayFail: readonly string[];
}

/** How a job ended, as its record tells. */
export interface JobEnd {
  readonly state: "completed" | "failed";
  /** How often a worker has begun it, by its record. */
  readonly tries?: number;
  /** Of one that completed. */
  // biome-ignore lint/suspicious/noExplicitAny: the auditor reads records as any outsider would
  readonly result?: any;
  /** Of one that failed: `CODE: message`. */
  readonly failedReason?: string;
}

/** Jobs with their ends, over all rounds of a trial: records leave Redis after a while, this does not. */
export interface Ledger {
  readonly jobs: AcknowledgedJob[];
  readonly ends: Map<string, JobEnd>;
}

export function openLedger(): Ledger {
  return { jobs: [], ends: new Map() };
}

/** What the root must hold by now. */
export interface ExpectedWorld {
  /** By image id: the job that made it. */
  readonly images: ReadonlyMap<string, AcknowledgedJob>;
  /** Images that a job deleted. */
  readonly deleted: ReadonlySet<string>;
  /** Images that may be there or not: a job that has not ended makes or deletes them. */
  readonly undecided: ReadonlySet<string>;
  /** By mount id: where it must be. */
  readonly mounts: ReadonlyMap<string, { readonly target: string; readonly image: string }>;
  /** Mounts that a job which has not ended may have made or ended. */
  readonly undecidedMounts: boolean;
}

/**
 * Replays the ends. An id is made by one job and deleted by one at most, and a mount ended by one, so that their
 * order does not matter.
 */
export function expectedWorld({ jobs, ends }: Ledger): ExpectedWorld {
  const images = new Map<string, AcknowledgedJob>();
  const deleted = new Set<string>();
  const undecided = new Set<string>();
  const mounts = new Map<string, { target: string; image: string }>();
  const unmounted = new Set<string>();
  let undecidedMounts = false;
  for (const job of jobs) {
    const end = ends.get(job.id);
    const { image = "" } = job;
    if (end === undefined) {
      if (["store", "commit", "delete"].includes(job.name)) undecided.add(image);
      if (["mount", "unmount"].includes(job.name)) undecidedMounts = true;
    } else if (end.state === "completed") {
      if (job.name === "store" || job.name === "commit") images.set(image, job);
      if (job.name === "delete") deleted.add(image);
      if (job.name === "mount") mounts.set(end.result.mountId, { target: end.result.target, image });
      if (job.name === "unmount") unmounted.add(job.mountId ?? "");
    }
  }
  for (const id of deleted) images.delete(id);
  for (const id of unmounted) mounts.delete(id);
  return { images, deleted, undecided, mounts, undecidedMounts };
}
