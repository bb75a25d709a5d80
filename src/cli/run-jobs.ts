// Runs jobs for a command: enqueues them, shows how far they are, and returns what became of each.
import type { JobName, JobResult } from "../jobs/index.js";
import { JobError } from "../jobs/index.js";
import type { EnqueuedJob, JobState, NewJob } from "../producer/index.js";
import { startProgress } from "./progress.js";
import { openQueueSession, type QueueSession } from "./queue-session.js";
import type { CommandContext } from "./run-command.js";

/** How a job ended. */
export type Outcome<Name extends JobName> =
  | { readonly result: JobResult<Name> }
  | { readonly error: JobError };

/**
 * Enqueues jobs and waits for all of them. The outcomes are in the order of the jobs.
 * @param sizes the bytes each job is about, where that is known beforehand: it tells how long the whole will take
 * @throws only what ends the whole: `QUEUE_UNAVAILABLE`, an interrupt
 */
export async function runJobs<Name extends JobName>(
  session: QueueSession,
  jobs: readonly NewJob<Name>[],
  context: CommandContext,
  label: (job: NewJob<Name>) => string,
  sizes: readonly number[] = [],
): Promise<Outcome<Name>[]> {
  const { verbose, tell } = context;
  const enqueued = (await session.producer.enqueueAll(jobs)) as EnqueuedJob<Name>[];
  const labels = jobs.map(label);
  const shown = await startProgress(labels, sizes, context);
  const one = async (job: EnqueuedJob<Name>, index: number): Promise<Outcome<Name>> => {
    let told: JobState | undefined;
    for await (const update of session.follow(job)) {
      const { state, result, error } = update;
      if (verbose && state !== told) tell(`${labels[index]}: job ${job.id} is ${state}`);
      told = state;
      shown.update(index, update);
      if (state !== "completed" && state !== "failed") continue;
      if (error !== undefined) return { error: new JobError(error.code, error.message, { jobId: job.id }) };
      return { result: result as JobResult<Name> };
    }
    throw new JobError("INTERNAL", `job ${job.id} ended without a result`, { jobId: job.id });
  };
  try {
    return await Promise.all(enqueued.map(one));
  } finally {
    shown.close();
  }
}

/** Enqueues one job and waits for its result. @throws the job's own error */
export async function runJob<Name extends JobName>(
  session: QueueSession,
  job: NewJob<Name>,
  context: CommandContext,
  label: string,
): Promise<JobResult<Name>> {
  const [outcome] = await runJobs(session, [job], context, () => label);
  if (outcome !== undefined && "result" in outcome) return outcome.result;
  throw outcome?.error ?? new JobError("INTERNAL", "the job is gone");
}

/** A command that is one job: runs it and returns its result, or with `detach` prints its id and returns undefined. */
export async function runOrDetach<Name extends JobName>(
  context: CommandContext,
  job: NewJob<Name>,
  { detach = false, label }: { readonly detach?: boolean | undefined; readonly label: string },
): Promise<JobResult<Name> | undefined> {
  await using session = await openQueueSession(context, { work: detach ? undefined : {} });
  // Awaited here: the session ends with this function.
  if (!detach) return await runJob(session, job, context, label);
  const [enqueued] = await session.producer.enqueueAll([job]);
  context.print(enqueued, [enqueued?.id ?? ""]);
  return undefined;
}
