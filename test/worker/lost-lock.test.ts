// A worker that was cut off for longer than a lock lasts, and takes a job up again while its former try still runs.
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, it } from "vitest";
import { keyPrefix } from "../../src/jobs/index.js";
import { useDock } from "../support/dock.js";
import { until } from "../support/until.js";

const dock = useDock();
const lockDuration = 1_000;
let redis: Redis;
beforeAll(() => {
  redis = new Redis(dock.redis);
});
afterAll(() => redis.disconnect());

it("ends the former try, and keeps the lock of the new one for as long as that takes", async () => {
  const answers: ServerResponse[] = [];
  const server = createServer((_request, response) => {
    answers.push(response);
    response.writeHead(200).write(readFileSync(dock.archive).subarray(0, 1_000));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  try {
    await dock.serving(
      async ({ producer, graphName }) => {
        const url = `http://localhost:${port}/a`;
        const job = await producer.enqueue("store", { image: { id: "a" }, layer: { url } });
        await until("the first try has begun", async () => answers.length === 1);
        await redis.del(`${keyPrefix(graphName)}:store:${job.id}:lock`);
        await until("the second try has begun", async () => answers.length === 2);
        await until("the first try has ended", async () => answers[0]?.destroyed === true);
        await sleep(2 * lockDuration);
        expect(answers.map(({ destroyed }) => destroyed)).toEqual([true, false]);
        answers[1]?.end(readFileSync(dock.archive).subarray(1_000));
        expect(await producer.wait(job)).toMatchObject({ id: "a", stored: true });
        expect(answers).toHaveLength(2);
      },
      {
        timing: { lockDuration, stalledInterval: 50 },
        allowedHosts: [`localhost:${port}`],
        allowPrivateAddresses: true,
      },
    );
  } finally {
    server.closeAllConnections();
    server.close();
  }
});
