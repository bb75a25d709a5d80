// The queue of blocks of a graph of its own, as anybody can use it who may write to Redis: by plain BullMQ.
import { createHash, randomUUID } from "node:crypto";
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { compressQueue, keyPrefix, payloadKey, payloadKeys } from "../../../src/jobs/index.js";
import { until } from "../until.js";

export interface BlockQueue extends AsyncDisposable {
  readonly graph: string;
  readonly redis: Redis;
  readonly queue: Queue;
  /** Lays down a block, and makes the data of its job. */
  put(input: Buffer): Promise<BlockJob>;
  /** Adds a job, whatever its data, and returns what it answers. Rejects with the reason for which it failed. */
  run(data: unknown, name?: string): Promise<unknown>;
  /** All keys of the graph that are not the queue's own. */
  left(): Promise<string[]>;
}

/** The data of a job. */
export interface BlockJob {
  readonly key: string;
  readonly length: number;
  readonly recipe: string;
  readonly digest: string;
}

export const sha256 = (bytes: Buffer) => createHash("sha256").update(bytes).digest("hex");

export async function openBlockQueue(url: string, graph = `g-${randomUUID()}`): Promise<BlockQueue> {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  const prefix = keyPrefix(graph);
  const queue = new Queue(compressQueue, { connection: redis, prefix });
  queue.on("error", () => undefined);
  return {
    graph,
    redis,
    queue,
    async put(input) {
      const key = payloadKey(graph, randomUUID().replaceAll("-", ""));
      await redis.set(payloadKeys(key).input, input, "PX", 60_000);
      return { key, length: input.length, recipe: "xz-6", digest: sha256(input) };
    },
    async run(data, name = compressQueue) {
      const job = await queue.add(name, data, { removeOnComplete: { age: 60 }, removeOnFail: { age: 60 } });
      let state = "unknown";
      await until("the job has not ended", async () => {
        state = await job.getState();
        return state === "completed" || state === "failed";
      });
      const ended = await queue.getJob(job.id ?? "");
      await ended?.remove();
      if (state === "failed") throw new Error(ended?.failedReason);
      return ended?.returnvalue;
    },
    left: () => leftOf(redis, graph),
    async [Symbol.asyncDispose]() {
      await queue.close();
      redis.disconnect();
    },
  };
}

/** What lies in Redis of a graph's blocks: their keys, and the records of their jobs. */
export async function leftOf(redis: Redis, graph: string): Promise<string[]> {
  const own = ["meta", "events", "id", "stalled-check", "marker"].map(
    (name) => `{stevedore:${graph}}:compress:${name}`,
  );
  const keys = [
    ...(await redis.keys(`{stevedore:${graph}:*`)),
    ...(await redis.keys(`{stevedore:${graph}}:compress:*`)),
  ];
  return keys.filter((key) => !own.includes(key)).sort();
}
