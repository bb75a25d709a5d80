// Jobs per second of checksums that are stored already, against bare BullMQ with a handler that returns the like at once.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";
import { keyPrefix } from "../../src/jobs/index.js";
import { type Dock, startProcess } from "../dock.js";
import { inTurn, type Row, timed } from "../row.js";

const jobs = 3_000;
/** As the worker of the dock. */
const concurrency = 16;
const rounds = 5;

export async function measureJobs({ redis, root }: Dock): Promise<Row[]> {
  // An image for each job: a checksum of an image that waits already would be joined.
  const ids = Array.from({ length: jobs }, (_, n) => `cached-${n}`);
  for (const id of ids) writeImage(join(root, "graph", id), id);
  const script = fileURLToPath(new URL("../bare-worker.js", import.meta.url));
  await using _peer = await startProcess([script, redis, String(concurrency)]);
  const measured = await inTurn(
    rounds,
    () => jobsPerSecond(redis, "checksum", keyPrefix("default"), ids),
    () => jobsPerSecond(redis, "bare", "bull", ids),
  );
  return [
    {
      what: "cached checksums",
      against: "bare BullMQ, a handler that returns the like",
      on: `${jobs} jobs, concurrency ${concurrency}`,
      ...measured,
      unit: "jobs/s",
      value: measured.ours / measured.peer,
      target: { atLeast: 0.8 },
    },
  ];
}

/** Adds the jobs to a paused queue, lets it go, and counts until the last is completed. */
async function jobsPerSecond(
  redis: string,
  name: string,
  prefix: string,
  ids: readonly string[],
): Promise<number> {
  const connection = new Redis({ path: redis, maxRetriesPerRequest: null });
  const queue = new Queue(name, { connection, prefix });
  const listening = connection.duplicate();
  const events = new QueueEvents(name, { connection: listening, prefix });
  await events.waitUntilReady();
  try {
    await queue.pause();
    await queue.addBulk(
      ids.map((id) => ({ name: "checksum", data: { id }, opts: { removeOnComplete: true } })),
    );
    let left = ids.length;
    const drained = new Promise<void>((resolve, reject) => {
      events.on("completed", () => {
        left -= 1;
        if (left === 0) resolve();
      });
      events.on("failed", ({ failedReason }) => reject(new Error(failedReason)));
    });
    const duration = await timed(async () => {
      await queue.resume();
      await drained;
    });
    return (ids.length / duration) * 1_000;
  } finally {
    await events.close();
    await queue.close();
    connection.disconnect();
    listening.disconnect();
  }
}

/** An image whose checksum is stored, written as the graph lays it out. */
function writeImage(directory: string, id: string): void {
  mkdirSync(join(directory, "layer"), { recursive: true });
  const digest = `sha256:${"0".repeat(64)}`;
  const checksum = {
    checksum: digest,
    tarDigest: digest,
    layerBytes: 0,
    archiveBytes: 32,
    computedAt: new Date().toISOString(),
  };
  writeFileSync(join(directory, "json"), JSON.stringify({ id, container_config: {} }));
  writeFileSync(join(directory, "layer.json"), JSON.stringify({ layerBytes: 0, entries: 0, whiteouts: 0 }));
  writeFileSync(join(directory, "checksum.json"), JSON.stringify({ "xz-6": checksum }));
}
