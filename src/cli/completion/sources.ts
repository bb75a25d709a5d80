// Where the words come from that complete a command line: from tables, from the files of the root, from a Redis that runs.
import { readdir } from "node:fs/promises";
import { rootPath } from "../../disk/index.js";
import { errorCodes, isErrno, isId, recipeNames, shortId } from "../../terms/index.js";
import { type Config, readConfig } from "../config.js";
import { type Candidate, plain } from "./candidate.js";
import type { Kind } from "./kinds.js";

/** What the command line says so far. */
export interface Said {
  /** The command's name. */
  readonly command: string | undefined;
  /** The values of flags, by their names in camel case. */
  readonly given: Readonly<Record<string, string>>;
}

type Source = (said: Said) => Promise<Candidate[]>;

/** The words of a kind that begin with a text; none where nothing can be read. */
export async function candidatesOf(kind: Kind, text: string, said: Said): Promise<Candidate[]> {
  const candidates = (await sources[kind]?.(said)) ?? [];
  return candidates.filter(({ value }) => value.startsWith(text));
}

const sources: Partial<Record<Kind, Source>> = {
  image: async (said) => {
    const { root } = configOf(said);
    const [ids, names] = await Promise.all([entriesOf(rootPath(root, "graph")), imageNames(root)]);
    const namesById = new Map<string, string[]>();
    for (const [name, id] of names) namesById.set(id, [...(namesById.get(id) ?? []), name]);
    return [
      ...describeNames(names),
      ...ids.filter(isId).map((id) => ({ value: id, about: namesById.get(id)?.join(", ") ?? "" })),
    ];
  },
  name: async (said) => describeNames(await imageNames(configOf(said).root)),
  mount: async (said) => {
    const { isMountId } = await import("../../mount/index.js");
    return plain((await entriesOf(rootPath(configOf(said).root, "mounts"))).filter(isMountId));
  },
  recipe: async () => plain(recipeNames),
  code: async () => plain(errorCodes),
  jobName: async () => {
    const { jobFacts } = await import("../../jobs/index.js");
    return plain(jobFacts().map(({ name }) => name));
  },
  scheduledJob: async () => {
    const { repeatableJobNames } = await import("../../jobs/index.js");
    return plain(repeatableJobNames);
  },
  queue: async () => {
    const { queueNames } = await import("../../jobs/index.js");
    return plain(queueNames);
  },
  registry: async ({ given: { registryAuth } }) => {
    const { knownRegistries } = await import("../commands/index.js");
    const { ownAuthFile } = await import("../registry-flags.js");
    const file = ownAuthFile(registryAuth === undefined ? {} : { registryAuth });
    return plain((await knownRegistries(file)) ?? []);
  },
  job: async (said) => {
    const { jobsOfQueue } = await import("./queue-sources.js");
    return jobsOfQueue(configOf(said), said.command);
  },
  schedule: async (said) => {
    const { schedulesOfQueue } = await import("./queue-sources.js");
    return schedulesOfQueue(configOf(said));
  },
};

function configOf({ given: { root, redis, graph } }: Said): Config {
  return readConfig({
    ...(root === undefined ? {} : { root }),
    ...(redis === undefined ? {} : { redis }),
    ...(graph === undefined ? {} : { graph: [graph] }),
  });
}

/** The names of a directory's entries; none for one that is not there. */
async function entriesOf(directory: string): Promise<string[]> {
  return readdir(directory).catch((error: unknown) => {
    if (isErrno(error, "ENOENT", "EACCES", "ENOTDIR")) return [];
    throw error;
  });
}

/** Every name with its id; none where they cannot be read. */
async function imageNames(root: string): Promise<ReadonlyMap<string, string>> {
  const { namesOf, readRepositories } = await import("../../graph/index.js");
  try {
    return namesOf(readRepositories(rootPath(root, "repositories")));
  } catch {
    return new Map();
  }
}

function describeNames(names: ReadonlyMap<string, string>): Candidate[] {
  return [...names].map(([value, id]) => ({ value, about: shortId(id) }));
}
