// A producer on a graph of its own and, for the other side, workers of BullMQ's own that do what they are told: none of ours.
import { randomUUID } from "node:crypto";
import { type Processor, Worker } from "bullmq";
import { Redis } from "ioredis";
import { keyPrefix, type QueueName } from "../../../src/jobs/index.js";
import { openProducer, type Producer } from "../../../src/producer/index.js";

/** Serves a queue, several jobs at a time or one. */
export type Serve = (work: Processor, queue?: QueueName, concurrency?: number) => void;

/** Hands both over for as long as `use` takes. @param url of a Redis */
export async function withForeignWorker(
  url: string,
  use: (producer: Producer, serve: Serve) => Promise<void>,
): Promise<void> {
  const graph = `g-${randomUUID()}`;
  const producer = openProducer({ redis: url, graph });
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const workers: Worker[] = [];
  try {
    await use(producer, (work, queue = "checksum", concurrency = 8) => {
      workers.push(new Worker(queue, work, { connection, prefix: keyPrefix(graph), concurrency }));
    });
  } finally {
    for (const worker of workers) await worker.close(true);
    connection.disconnect();
    await producer.close();
  }
}
