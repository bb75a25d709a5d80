// How fast many jobs are enqueued, and what each takes in Redis, against bare BullMQ's addBulk of the same names and data.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { openProducer } from "../../src/producer/index.js";
import type { Dock } from "../dock.js";
import { inTurn, type Row, timed } from "../row.js";

const jobs = 100_000;
/** How many jobs go to Redis at a time, as enqueueAll sends them. */
const bulk = 1_000;
const rounds = 3;

export async function measureEnqueue({ redis }: Dock): Promise<Row[]> {
  const admin = new Redis({ path: redis });
  const memory = async () => Number(/used_memory:(\d+)/.exec(await admin.info("memory"))?.[1]);
  const bytes = { ours: 0, peer: 0 };
  const many = Array.from({ length: jobs }, (_, n) => ({
    name: "checksum" as const,
    data: { id: `image-${String(n).padStart(58, "0")}` },
  }));
  /** Enqueues all on a queue that nobody serves. @returns jobs in a second */
  const rate = async (
    side: keyof typeof bytes,
    enqueue: () => Promise<unknown>,
    clear: () => Promise<unknown>,
  ) => {
    const before = await memory();
    const duration = await timed(enqueue);
    bytes[side] = ((await memory()) - before) / jobs;
    await clear();
    return (jobs / duration) * 1_000;
  };
  const ours = async () => {
    const producer = openProducer({ redis, graph: "enqueue" });
    const clear = () => clearQueue("{stevedore:enqueue}");
    try {
      return await rate("ours", () => producer.enqueueAll(many), clear);
    } finally {
      await producer.close();
    }
  };
  const clearQueue = async (prefix: string) => {
    const connection = new Redis({ path: redis, maxRetriesPerRequest: null });
    const queue = new Queue("checksum", { connection, prefix });
    await queue.obliterate({ force: true, count: 10_000 });
    await queue.close();
    const left = await connection.keys(`${prefix}:*`);
    for (let at = 0; at < left.length; at += 1_000) await connection.unlink(...left.slice(at, at + 1_000));
    connection.disconnect();
  };
  const peer = async () => {
    const connection = new Redis({ path: redis, maxRetriesPerRequest: null });
    const queue = new Queue("checksum", { connection, prefix: "bare" });
    try {
      const all = async () => {
        for (let at = 0; at < jobs; at += bulk) await queue.addBulk(many.slice(at, at + bulk));
      };
      return await rate("peer", all, () => clearQueue("bare"));
    } finally {
      await queue.close();
      connection.disconnect();
    }
  };
  try {
    const measured = await inTurn(rounds, ours, peer);
    const common = { against: "addBulk of bare BullMQ", on: `${jobs} jobs, ${rounds} rounds` };
    return [
      {
        ...{ ...common, ...measured, what: "enqueueAll", unit: "jobs/s" },
        value: measured.ours / measured.peer,
        target: { atLeast: 0.9 },
      },
      {
        ...{ ...common, ...bytes, what: "Redis's memory of a waiting job", unit: "bytes" },
        value: bytes.ours / bytes.peer,
        target: { atMost: 1.3 },
      },
    ];
  } finally {
    admin.disconnect();
  }
}
