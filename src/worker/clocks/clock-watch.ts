// Looks after the clocks of this host and of Redis, as long as a worker runs.
import type { Redis } from "ioredis";
import { readClockSkew, toleratedSkew } from "../../redis/index.js";
import type { Log } from "../log.js";
import { mendTimes, type TimesToMend } from "./mend-times.js";

/**
 * Returns what mends times that a clock has made wrong, and measures how far this host's is ahead of Redis's, in ms. It warns
 * of what it mended, and when the clocks come to differ, and again when they no longer do.
 */
export function openClockWatch(
  redis: Redis,
  times: TimesToMend,
  log: Log,
): () => Promise<number | undefined> {
  let isSkewed = false;
  return async () => {
    const mended = await mendTimes(redis, times);
    if (mended > 0) {
      const jobs = mended === 1 ? "1 delayed job was" : `${mended} delayed jobs were`;
      log(`a clock was set or is wrong: ${jobs} due at another time`, { level: "warn" });
    }
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
