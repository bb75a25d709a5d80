// Which jobs may be repeated by a schedule, and what a schedule is called.
import { JobError } from "../terms/index.js";
import { contract, isJobName, type JobName, jobNames } from "./contract.js";
import { keyPrefix } from "./queue.js";

/** A job that a schedule may repeat. */
export type RepeatableJobName = {
  [Name in JobName]: (typeof contract)[Name]["unrepeatable"] extends null ? Name : never;
}[JobName];

/** The names of those. */
export const repeatableJobNames = jobNames.filter(
  (name): name is RepeatableJobName => contract[name].unrepeatable === null,
);

/** What a schedule may be called: without a colon, for the ids of its runs are `repeat:<id>:<ms>`. */
export const scheduleIdPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,159}$/;

/** The key of a hash that names, by a schedule's id, the job that was its last run. */
export function lastRunsKey(graphName: string): string {
  return `${keyPrefix(graphName)}:last-runs`;
}

/** @throws `INVALID_JOB` for what is not a job's name, or that of one that makes no sense when it is repeated */
export function assertRepeatable(name: string): asserts name is RepeatableJobName {
  const kind = isJobName(name) ? contract[name] : undefined;
  if (kind?.unrepeatable === null) return;
  const why =
    kind === undefined
      ? `there is no job called ${JSON.stringify(name)}`
      : `${name} cannot be scheduled: ${kind.unrepeatable}`;
  throw new JobError("INVALID_JOB", `${why}; a schedule takes ${repeatableJobNames.join(", ")}`);
}
