// Notices that the record of a job is gone, for those who wait for it: what removes many jobs at once, such as draining a
// queue, tells of none of them.
import type { Queue } from "bullmq";
import type { FailFastConnection } from "../../redis/index.js";

export interface JobPresence {
  /**
   * Calls `gone` once, when two checks in a row have not found the job's record: after the first, the event of its end may
   * still be on its way.
   * @returns the function that ends this
   */
  guard(queue: Queue, id: string, gone: () => void): () => void;
  close(): void;
}

interface Guarded {
  readonly key: string;
  readonly gone: () => void;
  wasMissing: boolean;
}

/** How often the records are looked for, in ms. */
export const presenceInterval = 1_000;
/** How many records are looked for by one command. */
const chunk = 1_000;

/** @param interval how often the records are looked for, in ms */
export function openJobPresence({ redis, attempt }: FailFastConnection, interval: number): JobPresence {
  const guarded = new Set<Guarded>();
  let timer: NodeJS.Timeout | undefined;
  let isChecking = false;

  const findMissing = async (some: readonly Guarded[]): Promise<readonly Guarded[]> => {
    // One number for all: with thousands of jobs that are there nothing more is asked.
    const found = await attempt(() => redis.exists(...some.map(({ key }) => key)));
    if (found === some.length) return [];
    const asked = redis.pipeline();
    for (const { key } of some) asked.exists(key);
    const answers = (await attempt(() => asked.exec())) ?? [];
    return some.filter((_, at) => answers[at]?.[0] === null && answers[at]?.[1] === 0);
  };
  const check = async () => {
    const all = [...guarded];
    for (let start = 0; start < all.length; start += chunk) {
      const some = all.slice(start, start + chunk);
      const missing = new Set(await findMissing(some));
      for (const each of some) {
        if (missing.has(each) && each.wasMissing && guarded.delete(each)) each.gone();
        each.wasMissing = missing.has(each);
      }
    }
  };
  const tick = () => {
    if (isChecking) return;
    isChecking = true;
    // An outage is told of elsewhere.
    void check()
      .catch(() => undefined)
      .finally(() => {
        isChecking = false;
      });
  };
  const pauseIfIdle = () => {
    if (guarded.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };

  return {
    guard(queue, id, gone) {
      const each: Guarded = { key: queue.toKey(id), gone, wasMissing: false };
      guarded.add(each);
      timer ??= setInterval(tick, interval);
      return () => {
        guarded.delete(each);
        pauseIfIdle();
      };
    },
    close() {
      guarded.clear();
      pauseIfIdle();
    },
  };
}
