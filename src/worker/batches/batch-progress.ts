// The progress of a batch: its children, in whatever process they run, add up their work in Redis, and update the batch's
// progress at most four times a second.
import { Job, type Queue } from "bullmq";
import type { Redis } from "ioredis";
import { batchKey, type Progress } from "../../jobs/index.js";

/** The least time between two reports of one batch, in ms. */
const interval = 250;

/** How one child reports its progress. */
export interface ChildProgress {
  /** Reports how many bytes of its layer are done, since the beginning of this try. */
  bytes(done: number): void;
  /** Reports that it has ended for good. @param bytes of its layer; undefined keeps what was reported */
  ended(bytes?: number | undefined): void;
  /** Takes back what was reported: this try is over, and another will follow. */
  givenUp(): void;
}

export interface BatchProgress {
  /** To be called for each try of a child. */
  child(parentId: string): ChildProgress;
  /** Writes the reports that are pending. */
  close(): Promise<void>;
}

/** Starts the reports of this process. A report that cannot be written is dropped. */
export function openBatchProgress(queue: Queue, redis: Redis, graphName: string): BatchProgress {
  const pending = new Map<string, { bytes: number; images: number; timer: NodeJS.Timeout | undefined }>();
  const writing = new Set<Promise<void>>();

  const flush = (parentId: string) => {
    const sums = pending.get(parentId);
    if (sums === undefined) return;
    pending.delete(parentId);
    clearTimeout(sums.timer);
    const write = report(parentId, sums).catch(() => undefined);
    writing.add(write);
    void write.then(() => writing.delete(write));
  };
  const note = (parentId: string, bytes: number, images: number) => {
    const sums = pending.get(parentId) ?? { bytes: 0, images: 0, timer: undefined };
    sums.bytes += bytes;
    sums.images += images;
    sums.timer ??= setTimeout(flush, interval, parentId);
    pending.set(parentId, sums);
  };

  async function report(
    parentId: string,
    { bytes, images }: { bytes: number; images: number },
  ): Promise<void> {
    const key = batchKey(graphName, parentId);
    const counted = await redis
      .multi()
      .hincrby(key, "bytes", Math.round(bytes))
      .hincrby(key, "done", images)
      .hmget(key, "images", "childBytes", "begunAt")
      .exec();
    const plan = (counted?.[2]?.[1] ?? []) as (string | null)[];
    // A child that was retried by itself, whose batch has ended long since.
    if (plan[0] === null) return void (await redis.del(key));
    const [bytesDone, done] = [Number(counted?.[0]?.[1]), Number(counted?.[1]?.[1])];
    const [total = 0, bytesTotal = 0, begunAt = 0] = plan.map(Number);
    const parent = await Job.fromId(queue, parentId);
    const sums = {
      done: Math.min(done, total),
      total,
      bytesDone,
      bytesTotal,
      seconds: (Date.now() - begunAt) / 1_000,
    };
    await parent?.updateProgress(describeBatch(sums));
  }

  return {
    child(parentId) {
      let noted = 0;
      const upTo = (bytes: number, images: number) => {
        note(parentId, bytes - noted, images);
        noted = bytes;
      };
      return {
        bytes: (done) => upTo(done, 0),
        ended: (bytes = noted) => upTo(bytes, 1),
        givenUp: () => upTo(0, 0),
      };
    },
    async close() {
      for (const parentId of [...pending.keys()]) flush(parentId);
      await Promise.all(writing);
    },
  };
}

/** The progress of a batch: counted in images, with the time left estimated by bytes. */
function describeBatch(sums: {
  readonly done: number;
  readonly total: number;
  readonly bytesDone: number;
  readonly bytesTotal: number;
  /** Since the batch began. */
  readonly seconds: number;
}): Progress {
  const { done, total, bytesTotal, seconds } = sums;
  const bytesDone = Math.max(0, Math.min(sums.bytesDone, bytesTotal));
  const bytesPerSecond = seconds > 0 ? bytesDone / seconds : 0;
  const rest = bytesPerSecond > 0 ? { secondsLeft: (bytesTotal - bytesDone) / bytesPerSecond } : {};
  return { phase: "images", done, total, unit: "images", bytesDone, bytesTotal, bytesPerSecond, ...rest };
}
