// Checks of a Redis that was named: whether its settings and its clock are those that jobs rely on.
import { openProducer, type Producer } from "../../../producer/index.js";
import { toleratedSkew } from "../../../redis/index.js";
import type { Config } from "../../config.js";
import type { Check } from "./finding.js";

type Server = Awaited<ReturnType<Producer["redisServer"]>>;

/** None for the root's own Redis, which is started as it should be. */
export function redisChecks({ redis, graph }: Config): Check[] {
  if (redis === undefined) return [];
  const asked = ask(redis, graph);
  // Each check tells of it.
  asked.catch(() => undefined);
  const check = (name: string, needed: boolean, judge: (server: Server) => string, fix: string): Check => ({
    name: `redis: ${name}`,
    needed,
    probe: async () => {
      const server = await asked.catch((error: Error) => `not tried: ${error.message}`);
      return typeof server === "string" ? server : judge(server);
    },
    fix,
  });
  return [
    check("evictions", true, noEvictions, "set maxmemory-policy noeviction"),
    check("persistence", false, persistence, "set appendonly yes"),
    check("clock", false, clock, "let both hosts' clocks be set by NTP"),
  ];
}

async function ask(redis: string, graph: string): Promise<Server> {
  const producer = openProducer({ redis, graph });
  try {
    return await producer.redisServer();
  } finally {
    await producer.close();
  }
}

function noEvictions({ evictionPolicy }: Server): string {
  if (evictionPolicy === "noeviction") return "noeviction: no job is dropped";
  throw new Error(`maxmemory-policy is ${evictionPolicy}: Redis drops jobs when it is full`);
}

function persistence({ isPersistent, version }: Server): string {
  if (isPersistent) return `${version} keeps an append-only file`;
  throw new Error(`${version} keeps no append-only file: a restart loses jobs`);
}

function clock({ clockSkewMs }: Server): string {
  if (clockSkewMs === undefined) return "not told: Redis took too long to answer";
  const apart = `${(Math.abs(clockSkewMs) / 1_000).toFixed(1)} s`;
  if (Math.abs(clockSkewMs) <= toleratedSkew) return `this host's differs by ${apart}`;
  throw new Error(
    `this host's is ${apart} ${clockSkewMs > 0 ? "ahead" : "behind"}: schedules follow the clocks of workers`,
  );
}
