// What Redis knows of jobs and schedules, if one runs: none is started to complete a word.
import { type JobState, jobStates, openProducer, type Producer } from "../../producer/index.js";
import type { Config } from "../config.js";
import { embeddedRedisRuns, socketAddress } from "../embedded/index.js";
import { type Candidate, plain } from "./candidate.js";

/** How many jobs of a state are offered, the newest. */
const mostOfState = 100;

/** The states of the jobs with which a command can do something; all for others. */
const statesOf: Readonly<Record<string, (state: JobState) => boolean>> = {
  cancel: (state) => !["completed", "failed", "cancelled"].includes(state),
  retry: (state) => ["failed", "cancelled"].includes(state),
  remove: (state) => state !== "active",
};

/** The jobs that a command can be told, with what they are. */
export async function jobsOfQueue(config: Config, command = ""): Promise<Candidate[]> {
  const states = jobStates.filter(statesOf[command] ?? (() => true));
  return ask(config, async (producer) => {
    const pages = await Promise.all(states.map((state) => producer.page({ state, limit: mostOfState })));
    return pages
      .flatMap(({ jobs }) => jobs)
      .map(({ id, name, state }) => ({ value: id, about: `${name}, ${state}` }));
  });
}

/** The ids of the schedules. */
export async function schedulesOfQueue(config: Config): Promise<Candidate[]> {
  return ask(config, async (producer) => plain((await producer.schedules()).map(({ id }) => id)));
}

async function ask(
  { root, redis, graph }: Config,
  read: (producer: Producer) => Promise<Candidate[]>,
): Promise<Candidate[]> {
  if (redis === undefined && !(await embeddedRedisRuns(root))) return [];
  const producer = openProducer({ redis: redis ?? (await socketAddress(root)), graph });
  try {
    return await read(producer);
  } finally {
    await producer.close();
  }
}
