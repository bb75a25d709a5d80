// Which jobs may be repeated by a schedule, and what a schedule is called.
import { type JobName, jobNames } from "./contract.js";
import { JobError } from "./error.js";
import { keyPrefix } from "./queue.js";

/** Why a job cannot be repeated; the others can. */
const unrepeatable = {
  store: "each run would make another image, or find its id taken",
  commit: "each run would make another image, or find its id taken",
  import: "from the second run on all of its images would be there",
  export: "each run would leave another archive behind, or find its file there",
  delete: "from the second run on there would be nothing left to delete",
  tag: "from the second run on the image would have its name",
  untag: "from the second run on there would be no name left",
  mount: "each run would leave another mount behind",
  unmount: "from the second run on there would be nothing left to unmount",
  changes: "its result is for whoever asks, and nobody would",
} as const satisfies Partial<Record<JobName, string>>;

/** A job that a schedule may repeat. */
export type RepeatableJobName = Exclude<JobName, keyof typeof unrepeatable>;

/** The names of those. */
export const repeatableJobNames = jobNames.filter(
  (name): name is RepeatableJobName => !(name in unrepeatable),
);

/** What a schedule may be called: without a colon, for the ids of its runs are `repeat:<id>:<ms>`. */
export const scheduleIdPattern = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,159}$/;

/** The key of a hash that names, by a schedule's id, the job that was its last run. */
export function lastRunsKey(graphName: string): string {
  return `${keyPrefix(graphName)}:last-runs`;
}

/** @throws `INVALID_JOB` for what is no job's name, or that of one that makes no sense when it is repeated */
export function assertRepeatable(name: string): asserts name is RepeatableJobName {
  if (repeatableJobNames.some((known) => known === name)) return;
  const why = Object.hasOwn(unrepeatable, name)
    ? `${name} cannot be scheduled: ${unrepeatable[name as keyof typeof unrepeatable]}`
    : `there is no job called ${JSON.stringify(name)}`;
  throw new JobError("INVALID_JOB", `${why}; a schedule takes ${repeatableJobNames.join(", ")}`);
}
