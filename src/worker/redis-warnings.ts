// Warns of a Redis whose settings break what jobs rely on.
import type { Redis } from "ioredis";
import { readServerFacts } from "../redis/index.js";
import type { Log } from "./log.js";

/** Warns of settings, once. What cannot be asked for is left out: a user of Redis may lack the right. */
export async function warnOfSettings(redis: Redis, log: Log): Promise<void> {
  const facts = await readServerFacts(redis).catch(() => undefined);
  if (facts === undefined || ["", "noeviction"].includes(facts.evictionPolicy)) return;
  log(`Redis may drop jobs: its maxmemory-policy is ${facts.evictionPolicy}, and must be noeviction`, {
    level: "warn",
  });
}
