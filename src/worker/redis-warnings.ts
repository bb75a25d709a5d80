// Warns of a Redis whose settings or clock break what jobs rely on.
import type { Redis } from "ioredis";
import { readClockSkew, readServerFacts, toleratedSkew } from "../redis/index.js";
import type { Log } from "./log.js";

/** Warns of settings, once. What cannot be asked for is left out: a user of Redis may lack the right. */
export async function warnOfSettings(redis: Redis, log: Log): Promise<void> {
  const facts = await readServerFacts(redis).catch(() => undefined);
  if (facts === undefined || ["", "noeviction"].includes(facts.evictionPolicy)) return;
  log(`Redis may drop jobs: its maxmemory-policy is ${facts.evictionPolicy}, and must be noeviction`, {
    level: "warn",
  });
}

/** Returns what measures the skew in ms, and warns when it becomes too large, and again when it no longer is. */
export function openClockWatch(redis: Redis, log: Log): () => Promise<number | undefined> {
  let isSkewed = false;
  return async () => {
    const skew = await readClockSkew(redis);
    if (skew === undefined || isSkewed === Math.abs(skew) > toleratedSkew) return skew;
    isSkewed = !isSkewed;
    if (!isSkewed) log("this host's clock agrees with Redis's again", { level: "warn" });
    else log(`this host's clock is ${describeSkew(skew)} Redis's: schedules follow it`, { level: "warn" });
    return skew;
  };
}

function describeSkew(skew: number): string {
  return `${Math.round(Math.abs(skew) / 1_000)} s ${skew > 0 ? "ahead of" : "behind"}`;
}
