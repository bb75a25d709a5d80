// What BullMQ calls for each job: checks the data, runs the handler, turns its failure into the record's.
import { type Job, UnrecoverableError, WaitingError } from "bullmq";
import { formatFailedReason, isJobName, isTransient, type JobName, parseJobData } from "../jobs/index.js";
import { failureOf, jobFailure } from "./failure.js";
import type { Handler, JobTry, WorkerHost } from "./handler.js";
import { handlers } from "./handlers/index.js";
import { startProgressReport } from "./progress-report.js";

/** The reason a job's signal is aborted with when its worker shuts down: the job goes back to the queue. */
export const shutdownReason = "shutdown";
/** The reason when the job's lock was lost: another worker has it, or will. */
export const lockLostReason = "lock lost";

/** Runs one try of a job. Throws what BullMQ is to do with it otherwise. */
export async function processJob(
  job: Job,
  token: string | undefined,
  signal: AbortSignal,
  host: WorkerHost,
): Promise<unknown> {
  const { name } = job;
  if (!isJobName(name)) {
    throw new UnrecoverableError(
      formatFailedReason("INVALID_JOB", `there is no job called ${JSON.stringify(name)}`),
    );
  }
  const report = startProgressReport((progress) => job.updateProgress(progress));
  try {
    const data = parseJobData(name, job.data);
    const attempt: JobTry<typeof name> = {
      id: job.id ?? "",
      data,
      isRepeat: job.attemptsStarted > 1 || job.stalledCounter > 0,
      isFinal: (error) =>
        signal.reason !== shutdownReason &&
        signal.reason !== lockLostReason &&
        (job.attemptsMade + 1 >= (job.opts.attempts ?? 1) || !isTransient(failureOf(error).code)),
      amend: (amended) => job.updateData(amended),
      report: report.report,
    };
    const handler = handlers[name] as Handler<JobName>;
    return await handler(attempt, host, signal);
  } catch (error) {
    await report.stop();
    if (signal.reason === shutdownReason) {
      await job.moveToWait(token);
      throw new WaitingError();
    }
    throw jobFailure(error);
  } finally {
    await report.stop();
  }
}
