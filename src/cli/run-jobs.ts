// Runs jobs for a command: enqueues them, shows how far they are, and returns what became of each.
import type { JobName, JobResult } from "../jobs/index.js";
import { JobError } from "../jobs/index.js";
import type { EnqueuedJob, JobState, NewJob } from "../producer/index.js";
import { startProgressLine } from "./progress-line.js";
import { openQueueSession, type QueueSession } from "./queue-session.js";
import type { CommandContext } from "./run-command.js";

/** How a job ended. */
export type Outcome<Name extends JobName> =
  | { readonly result: JobResult<Name> }
  | { readonly error: JobError };

/**
 * Enqueues jobs and waits for all of them. The outcomes are in the order of the jobs.
 * @throws only what ends the whole: `QUEUE_UNAVAILABLE`, an interrupt
 */
export async function runJobs<Name extends JobName>(
  session: QueueSession,
  jobs: readonly NewJob<Name>[],
  { quiet, verbose, tell }: CommandContext,
  label: (job: NewJob<Name>) => string,
): Promise<Outcome<Name>[]> {
  const enqueued = (await session.producer.enqueueAll(jobs)) as EnqueuedJob<Name>[];
  const line = startProgressLine(quiet);
  let ended = 0;
  const one = async (job: EnqueuedJob<Name>, index: number): Promise<Outcome<Name>> => {
    const wanted = jobs[index];
    const name = wanted === undefined ? job.id : label(wanted);
    let told: JobState | undefined;
    for await (const { state, progress, result, error } of session.follow(job)) {
      if (verbose && state !== told) tell(`${name}: job ${job.id} is ${state}`);
      told = state;
      if (progress !== undefined) {
        line.show(jobs.length === 1 ? name : `${ended}/${jobs.length} done, ${name}`, progress);
      }
      if (state !== "completed" && state !== "failed") continue;
      ended += 1;
      if (jobs.length > 1)
        line.show("images", { phase: "done", done: ended, total: jobs.length, unit: "images" });
      if (error !== undefined) return { error: new JobError(error.code, error.message, { jobId: job.id }) };
      return { result: result as JobResult<Name> };
    }
    throw new JobError("INTERNAL", `job ${job.id} ended without a result`, { jobId: job.id });
  };
  try {
    return await Promise.all(enqueued.map(one));
  } finally {
    line.clear();
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
