// The schedules that are paused: BullMQ has none of them, so what they were set to is kept beside.
import type { Redis } from "ioredis";
import { z } from "zod";
import {
  keyPrefix,
  type Notify,
  notify,
  type RepeatableJobName,
  repeatableJobNames,
} from "../../jobs/index.js";

/** What is needed to set it again. Whoever can write to Redis wrote it. */
const keptSchedule = z.object({
  name: z.enum(repeatableJobNames as [RepeatableJobName, ...RepeatableJobName[]]),
  data: z.unknown(),
  cron: z.string(),
  tz: z.string(),
  notify: notify.optional(),
});
type KeptSchedule = Omit<z.infer<typeof keptSchedule>, "notify"> & { readonly notify?: Notify | undefined };

/** A hash: by a schedule's id what it was set to, as JSON. */
export function openPausedSchedules(redis: Redis, graphName: string) {
  const key = `${keyPrefix(graphName)}:paused-schedules`;
  return {
    async keep(id: string, schedule: KeptSchedule): Promise<void> {
      await redis.hset(key, id, JSON.stringify(schedule));
    },
    async get(id: string): Promise<KeptSchedule | undefined> {
      return read(await redis.hget(key, id));
    },
    async has(id: string): Promise<boolean> {
      return (await redis.hexists(key, id)) === 1;
    },
    /** Returns whether it was there. */
    async forget(id: string): Promise<boolean> {
      return (await redis.hdel(key, id)) > 0;
    },
    /** By their ids, sorted; without what is none. */
    async all(): Promise<ReadonlyMap<string, KeptSchedule>> {
      const entries = Object.entries(await redis.hgetall(key)).sort(([one], [other]) =>
        one < other ? -1 : 1,
      );
      const schedules = new Map<string, KeptSchedule>();
      for (const [id, text] of entries) {
        const schedule = read(text);
        if (schedule !== undefined) schedules.set(id, schedule);
      }
      return schedules;
    },
  };
}

function read(text: string | null): KeptSchedule | undefined {
  if (text === null) return undefined;
  try {
    return keptSchedule.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
