// Where the graph and its queue are: flags first, then the environment, then the defaults.
import { resolve } from "node:path";
import { z } from "zod";
import { systemHostName } from "../host/index.js";
import { readRedisUrl } from "../redis/index.js";
import {
  defaultGraphName,
  graphNamePattern,
  hostNamePattern,
  nameRule,
  StevedoreError,
} from "../terms/index.js";

/** What every command needs to know. */
export interface Config {
  /** The directory that holds `graph/`, absolute. */
  readonly root: string;
  /** The URL of a Redis; undefined for the one Stevedore runs itself below the root. */
  readonly redis: string | undefined;
  /** The name the graph is served under. */
  readonly graph: string;
  /** All names that were given: for a command that serves several graphs. */
  readonly graphs: readonly string[];
  /** What this host is called among those that share the root or the queue. */
  readonly host: string;
}

/** The environment variables that stand in for each flag; the first that is set counts. */
const variables = {
  root: ["STEVEDORE_ROOT"],
  redis: ["STEVEDORE_REDIS_URL", "REDIS_URL"],
  graph: ["STEVEDORE_GRAPH"],
  host: ["STEVEDORE_HOST"],
} as const;

const graphName = z.string().regex(graphNamePattern, `a graph's name ${nameRule}`);

const schema = z.object({
  root: z.string().min(1, "the root must not be empty").default("/var/lib/stevedore"),
  redis: z.string().superRefine(checkRedisUrl).optional(),
  graph: z.array(graphName).default([defaultGraphName]),
  host: z.string().regex(hostNamePattern, `a host's name ${nameRule}`).default(systemHostName),
});

/**
 * Reads the configuration. An empty environment variable counts as unset.
 * @throws `INVALID_OPTION` naming the flag or the variable whose value is wrong
 */
export function readConfig(
  flags: {
    readonly root?: string;
    readonly redis?: string;
    readonly graph?: readonly string[];
    readonly host?: string;
  },
  environment: NodeJS.ProcessEnv = process.env,
): Config {
  /** The value of each setting, under the name it was given by. */
  const given = Object.entries(variables).map(([setting, names]) => {
    const flag = flags[setting as keyof typeof variables];
    if (flag !== undefined) return { setting, origin: `--${setting}`, value: flag };
    const origin = names.find((name) => (environment[name] ?? "") !== "");
    const value = origin === undefined ? undefined : environment[origin];
    return { setting, origin, value: setting === "graph" && value !== undefined ? [value] : value };
  });
  const parsed = schema.safeParse(Object.fromEntries(given.map(({ setting, value }) => [setting, value])));
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const { origin } = given.find(({ setting }) => setting === issue?.path[0]) ?? {};
    throw new StevedoreError("INVALID_OPTION", `${origin}: ${issue?.message}`);
  }
  const { root, redis, graph: graphs, host } = parsed.data;
  return { root: resolve(root), redis, graph: graphs.at(-1) ?? defaultGraphName, graphs, host };
}

function checkRedisUrl(url: string, { addIssue }: z.RefinementCtx): void {
  try {
    readRedisUrl(url);
  } catch (error) {
    addIssue({ code: "custom", message: (error as Error).message });
  }
}
