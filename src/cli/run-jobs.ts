// Runs jobs for a command: enqueues them, shows their progress, and returns their outcomes.
import type { JobName, JobResult } from "../jobs/index.js";
import { JobError } from "../jobs/index.js";
import type { EnqueuedJob, JobState, NewJob } from "../producer/index.js";
import { openQueueSession, type QueueSession } from "./embedded/index.js";
import type { CommandContext } from "./run-command.js";
import type { TalliedJob } from "./terminal/index.js";
import { startProgress } from "./terminal/index.js";

/** How a job ended. */
export type Outcome<Name extends JobName> =
  | { readonly result: JobResult<Name> }
  | { readonly error: JobError };

/**
 * Enqueues jobs and waits for all of them. The outcomes are in the order of the jobs.
 * @param describe how a job is shown while it runs
 * @throws only what ends all of them: `QUEUE_UNAVAILABLE`, an interrupt
 */
export async function runJobs<Name extends JobName>(
  session: QueueSession,
  jobs: readonly NewJob<Name>[],
  context: CommandContext,
  describe: (job: NewJob<Name>) => TalliedJob,
): Promise<Outcome<Name>[]> {
  const { verbose, tell } = context;
  const enqueued = (await session.producer.enqueueAll(withNotify(jobs, context))) as EnqueuedJob<Name>[];
  // Jobs that ask for the same have been joined into one, which is followed and counted once.
  const distinct = new Map(
    enqueued.map((job, at) => [job.id, { job, subject: describe(jobs[at] as NewJob<Name>) }]),
  );
  const subjects = [...distinct.values()].map(({ subject }) => subject);
  const shown = await startProgress(subjects, context);
  const outcomes = new Map<string, Outcome<Name>>();
  const one = async (job: EnqueuedJob<Name>, index: number): Promise<void> => {
    let told: JobState | undefined;
    for await (const update of session.follow(job)) {
      const { state, result, error } = update;
      if (verbose && state !== told) tell(`${subjects[index]?.label}: job ${job.id} is ${state}`);
      told = state;
      shown.update(index, update);
      if (state === "completed") outcomes.set(job.id, { result: result as JobResult<Name> });
      if (error !== undefined)
        outcomes.set(job.id, { error: new JobError(error.code, error.message, { jobId: job.id }) });
    }
  };
  try {
    await Promise.all([...distinct.values()].map(({ job }, index) => one(job, index)));
  } finally {
    shown.close();
  }
  return enqueued.map(
    ({ id }) =>
      outcomes.get(id) ?? {
        error: new JobError("INTERNAL", `job ${id} ended without a result`, { jobId: id }),
      },
  );
}

/** The jobs of a command, with the callback that its user asks for. */
export function withNotify(jobs: readonly NewJob[], { notify }: CommandContext): readonly NewJob[] {
  return notify === undefined ? jobs : jobs.map((job) => ({ ...job, notify }));
}

/** Enqueues one job and waits for its result. @throws the job's own error */
export async function runJob<Name extends JobName>(
  session: QueueSession,
  job: NewJob<Name>,
  context: CommandContext,
  label: string,
): Promise<JobResult<Name>> {
  const [outcome] = await runJobs(session, [job], context, () => ({ label }));
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
  const [enqueued] = await session.producer.enqueueAll(withNotify([job], context));
  context.print(enqueued, [enqueued?.id ?? ""]);
  return undefined;
}
