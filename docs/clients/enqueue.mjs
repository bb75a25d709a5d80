#!/usr/bin/env node
// Enqueues a job for Stevedore by plain BullMQ, waits for its end and prints its result as JSON.
//
//   enqueue.mjs QUEUE JOB DATA     enqueue.mjs checksum checksum '{"id":"base"}'
//
// STEVEDORE_REDIS_URL says where Redis is, STEVEDORE_GRAPH which graph is meant. JOB_ID makes a repeat harmless.
import { randomUUID } from "node:crypto";
import { Queue, QueueEvents } from "bullmq";
import { Redis } from "ioredis";

const { STEVEDORE_REDIS_URL = "redis://127.0.0.1:6379", STEVEDORE_GRAPH = "default", JOB_ID } = process.env;
const [queueName = "", job = "", data = "{}"] = process.argv.slice(2);

const redis = new Redis(STEVEDORE_REDIS_URL, { maxRetriesPerRequest: null });
const place = { connection: redis, prefix: `{stevedore:${STEVEDORE_GRAPH}}` };
const queue = new Queue(queueName, place);
// From here on, so that the end of a job that ends at once is not missed: "from now on" begins a moment later.
const [newest] = await redis.xrevrange(`${place.prefix}:${queueName}:events`, "+", "-", "COUNT", 1);
const events = new QueueEvents(queueName, { ...place, lastEventId: newest?.[0] ?? "0-0" });
try {
  // BullMQ's own ids are numbers, which are the same in each queue.
  const enqueued = await queue.add(job, JSON.parse(data), { jobId: JOB_ID ?? randomUUID() });
  console.log(JSON.stringify(await enqueued.waitUntilFinished(events)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await Promise.all([events.close(), queue.close()]);
  redis.disconnect();
}
