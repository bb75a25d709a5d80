// Two thousand event streams on one server: how late the progress of a running job comes on the last of them, and what
// memory the server takes.
import { connect, type Socket } from "node:net";
import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { keyPrefix } from "../../src/jobs/index.js";
import { openProducer } from "../../src/producer/index.js";
import { type Dock, peakMemoryOf, startProcess } from "../dock.js";
import type { Row } from "../row.js";
import { binary } from "../stevedore.js";

const streams = 2_000;
/** As often as a worker tells of a job's progress. */
const updates = 20;
const interval = 250;
const graph = "events";

export async function measureEvents({ redis, root }: Dock): Promise<Row[]> {
  const args = [binary, "server", "--listen", "0", "--redis", redis, "--root", root, "--graph", graph];
  await using server = await startProcess(args, { ready: "listening on" });
  const url = new URL(/http:\/\/[^ ]+/.exec(server.said)?.[0] ?? "");
  const producer = openProducer({ redis, graph });
  const connection = new Redis({ path: redis, maxRetriesPerRequest: null });
  const sockets: Socket[] = [];
  let worst = 0;
  let heard = 0;
  let done = () => {};
  const allHeard = new Promise<void>((resolve) => {
    done = resolve;
  });
  const hear = (text: string) => {
    for (const [, sent] of text.matchAll(/"done":(\d+)/g)) {
      worst = Math.max(worst, Date.now() - Number(sent));
      heard += 1;
      if (heard === streams * updates) done();
    }
  };
  try {
    const { id } = await producer.enqueue("checksum", { id: "any" });
    for (let start = 0; start < streams; start += 100) {
      await Promise.all(
        Array.from({ length: 100 }, () =>
          openStream(url, `/api/v1/jobs/checksum/${id}/events`, hear, sockets),
        ),
      );
    }
    const worker = new Worker(
      "checksum",
      async (job) => {
        for (let update = 0; update < updates; update++) {
          await job.updateProgress({ phase: "checksum", done: Date.now(), total: 1e15, unit: "bytes" });
          await new Promise((resolve) => setTimeout(resolve, interval));
        }
        await allHeard;
      },
      { connection, prefix: keyPrefix(graph) },
    );
    await allHeard;
    const memory = peakMemoryOf(server.pid) / 1024 ** 2;
    await worker.close(true);
    const common = { against: "-", on: `${streams} event streams, ${updates} times`, peer: null };
    return [
      {
        ...common,
        what: "progress on the last stream",
        ours: worst,
        unit: "ms",
        value: worst,
        target: { atMost: 1_000 },
      },
      {
        ...common,
        what: "memory of the server",
        ours: memory,
        unit: "MiB",
        value: memory,
        target: { atMost: 400 },
      },
    ];
  } finally {
    for (const socket of sockets) socket.destroy();
    connection.disconnect();
    await producer.close();
  }
}

/** Resolves when its first event has come. */
async function openStream(
  url: URL,
  path: string,
  hear: (text: string) => void,
  opened: Socket[],
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect(Number(url.port), url.hostname);
    opened.push(socket);
    socket.setEncoding("latin1");
    socket.on("error", reject);
    socket.on("data", (text: string) => {
      if (text.includes("data: ")) resolve();
      hear(text);
    });
    socket.write(`GET ${path} HTTP/1.1\r\nHost: ${url.host}\r\n\r\n`);
  });
}
