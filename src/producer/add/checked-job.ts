// A job that is to be enqueued, and the same once it has been checked against the contract.
import {
  type AnyQueueName,
  assertJobSize,
  type CheckedJobData,
  deduplicationId,
  isJobId,
  type JobData,
  JobError,
  type JobName,
  type JobOptions,
  type Notify,
  parseJobData,
  parseJobOptions,
  queueOf,
} from "../../jobs/index.js";

/** What there is to say of a job besides its data. */
export interface EnqueueOptions extends JobOptions {
  /** Makes a repeat harmless: a job of that id is not added twice. */
  readonly jobId?: string | undefined;
}

/** A job to enqueue. */
export type NewJob<Name extends JobName = JobName> = Name extends JobName
  ? { readonly name: Name; readonly data: JobData<Name> } & EnqueueOptions
  : never;

/** A job that fits the contract. */
export interface CheckedJob {
  readonly name: JobName;
  readonly queue: AnyQueueName;
  readonly data: CheckedJobData<JobName>;
  /** The data as it stands in the record. */
  readonly json: string;
  /** Undefined if the caller has chosen none. */
  readonly jobId: string | undefined;
  /** What it is joined by; undefined for a job that is never joined. */
  readonly same: string | undefined;
  /** Options of BullMQ, and the callback, which stands among them. */
  readonly opts: {
    readonly priority?: number;
    readonly delay?: number;
    readonly notify?: Notify;
  };
}

/** What there is to say of a plain job: nothing. */
const noOptions: CheckedJob["opts"] = Object.freeze({});

/** True for a job of which there is nothing to say besides its name and data. */
export function isPlain({ jobId, opts }: CheckedJob): boolean {
  return jobId === undefined && opts === noOptions;
}

/** Checks a job against the contract. @throws what `enqueue` throws of a job that is wrong */
export function checkJob(job: NewJob, maxJobBytes: number | undefined): CheckedJob {
  const { name, jobId } = job;
  const opts = checkOptions(job);
  if (jobId !== undefined && !isJobId(jobId)) {
    throw new JobError(
      "INVALID_JOB",
      `${JSON.stringify(jobId)} is not a valid job id: use A-Z a-z 0-9 _ . -, not only digits and no word of BullMQ's own`,
    );
  }
  const data = parseJobData(name, job.data);
  const json = assertJobSize(name, data, maxJobBytes);
  // Whoever asks for the same now does not want to wait for one that is due next week.
  const same = opts.delay === undefined ? deduplicationId(name, data) : undefined;
  return { name, queue: queueOf(name, data), data, json, jobId, same, opts };
}

function checkOptions(options: JobOptions): CheckedJob["opts"] {
  const { priority = 0, delayMs = 0, notify } = parseJobOptions(options);
  // Of many jobs that wait here, most have none.
  if (priority === 0 && delayMs === 0 && notify === undefined) return noOptions;
  return {
    ...(priority > 0 ? { priority } : {}),
    ...(delayMs > 0 ? { delay: delayMs } : {}),
    ...(notify === undefined ? {} : { notify }),
  };
}
