// The peer of the jobs row: a worker process of bare BullMQ whose handler does nothing.
import { Worker } from "bullmq";
import { Redis } from "ioredis";

const [, , path = "", concurrency = "1"] = process.argv;
const connection = new Redis({ path, maxRetriesPerRequest: null });
const worker = new Worker("bare", async () => undefined, { connection, concurrency: Number(concurrency) });
await worker.waitUntilReady();
process.stderr.write("serving\n");
process.once("SIGTERM", () => {
  void worker.close().then(() => connection.disconnect());
});
