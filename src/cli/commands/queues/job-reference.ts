// How a job is named: by its id, or by as much of its beginning as stevedore jobs shows.
import { JobError } from "../../../jobs/index.js";
import type { Producer } from "../../../producer/index.js";
import { quote } from "../../../terms/index.js";

/** What the commands say of that argument. */
export const jobArgument = "a job: its id, as --detach prints it, or a unique beginning of it";
export const jobsArgument = "jobs: ids, as --detach prints them, or unique beginnings of them";

/** A shorter beginning would be a slip. */
const shortestBeginning = 4;

/**
 * The whole id of a job; a text that no job's id begins with comes back as it is.
 * @throws `AMBIGUOUS_ID` if the ids of several jobs begin with it; `QUEUE_UNAVAILABLE`
 */
export async function wholeJobId(
  producer: Producer,
  name: string,
  queue: string | undefined,
): Promise<string> {
  if (name.length < shortestBeginning || (await isJob(producer, name, queue))) return name;
  const [id, ...others] = await producer.idsBeginningWith(name, { queue });
  if (id === undefined) return name;
  if (others.length === 0) return id;
  throw new JobError("AMBIGUOUS_ID", `several jobs begin with ${quote(name)}: ${[id, ...others].join(", ")}`);
}

async function isJob(producer: Producer, id: string, queue: string | undefined): Promise<boolean> {
  try {
    return (await producer.job(id, { queue })) !== undefined;
  } catch (error) {
    // Several queues have one: whoever is given it says so.
    if (error instanceof JobError && error.code === "AMBIGUOUS_ID") return true;
    throw error;
  }
}
