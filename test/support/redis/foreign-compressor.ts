// A compressor that is none of ours: it tells of itself as one, takes blocks by plain BullMQ, and answers what it is told to.
import { spawn } from "node:child_process";
import { type Job, Worker } from "bullmq";
import { Redis } from "ioredis";
import {
  type CompressData,
  compressorKeys,
  compressQueue,
  keyPrefix,
  payloadKeys,
} from "../../../src/jobs/index.js";
import { recipes } from "../../../src/terms/index.js";
import { collect } from "../collect.js";
import { sha256 } from "./block-queue.js";

/** One block that it was sent. */
export interface ForeignBlock {
  readonly job: Job<CompressData>;
  readonly input: Buffer;
  readonly redis: Redis;
  /** What xz makes of it. */
  honest(preset?: number): Promise<Buffer>;
  /** Leaves an output, and makes the result that tells of it. */
  answer(output: Buffer, told?: object): Promise<object>;
}

export interface ForeignCompressor extends AsyncDisposable {
  readonly id: string;
  /** How many blocks it was sent. */
  taken(): number;
}

/** @param make what it does with a block: returns what stands in the job's record */
export async function startForeignCompressor(
  url: string,
  graph: string,
  make: (block: ForeignBlock) => Promise<unknown>,
  { id = "foreign.1.ab", slots = 2 } = {},
): Promise<ForeignCompressor> {
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on("error", () => undefined);
  const keys = compressorKeys(graph);
  const status = {
    ...{ id, host: "foreign", pid: 1, version: "0", startedAt: 0, at: Date.now(), metrics: [] },
    ...{ engine: { name: "xz", version: "5.2.3" }, slots: { total: slots, busy: 0 } },
  };
  await redis.set(keys.of(id), JSON.stringify(status), "PX", 600_000);
  await redis.zadd(keys.ids, Date.now(), id);
  let taken = 0;
  const worker = new Worker(
    compressQueue,
    async (job: Job<CompressData>) => {
      taken++;
      const { input: from, output: to } = payloadKeys(job.data.key);
      const input = (await redis.getBuffer(from)) ?? Buffer.alloc(0);
      return await make({
        ...{ job, input, redis },
        honest: (preset) => xzBlock(input, preset ?? recipes[job.data.recipe].preset),
        async answer(output, told = {}) {
          await redis.set(to, output, "PX", 60_000);
          return { length: output.length, digest: sha256(output), compressor: id, version: "5.2.3", ...told };
        },
      });
    },
    { connection: redis, prefix: keyPrefix(graph), concurrency: slots },
  );
  worker.on("error", () => undefined);
  return {
    id,
    taken: () => taken,
    async [Symbol.asyncDispose]() {
      await worker.close(true);
      redis.disconnect();
    },
  };
}

/** The one block of what xz makes of an input. */
export async function xzBlock(input: Buffer, preset: number): Promise<Buffer> {
  const stream = await xzStreamOf(input, preset);
  const indexSize = (stream.readUInt32LE(stream.length - 8) + 1) * 4;
  return stream.subarray(12, stream.length - 12 - indexSize);
}

/** What xz makes of an input. */
export async function xzStreamOf(input: Buffer, preset: number): Promise<Buffer> {
  const xz = spawn("xz", [`-${preset}`, "--check=crc64", "--block-size=8MiB", "-T2"]);
  xz.stdin.end(input);
  return Buffer.concat(await collect(xz.stdout));
}
