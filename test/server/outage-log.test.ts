// What a server logs while Redis is away.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, it, vi } from "vitest";
import { startServer } from "../../src/server/index.js";
import { ask } from "../support/http/http-server.js";
import { startRedis } from "../support/redis/redis-server.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

it("a server logs an outage when it begins and when it is over, however many requests fail meanwhile", async () => {
  await using redis = await startRedis();
  const root = await scratch.fresh();
  mkdirSync(join(root, "graph"));
  const lines: string[] = [];
  const server = await startServer({ redis: redis.url, root, log: (line) => lines.push(line) });
  expect((await ask(server.url, "/api/v1/queues")).status).toBe(200);
  await redis.kill();
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask(server.url, "/api/v1/queues")));
  expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
  await redis.start();
  await vi.waitFor(() => expect(lines).toHaveLength(2), 20_000);
  expect(lines).toEqual([
    expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ is not available, waiting for it/),
    expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ is available again, after \d+s$/),
  ]);
  await server.close();
  expect(lines).toHaveLength(2);
});
