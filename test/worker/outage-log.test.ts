// What a worker logs while Redis is away.
import { expect, it, vi } from "vitest";
import { startWorker } from "../../src/worker/index.js";
import { startRedis } from "../support/redis/redis-server.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

it("a worker logs an outage in three lines, however often its connections try again", async () => {
  await using redis = await startRedis();
  const lines: string[] = [];
  const worker = await startWorker({
    redis: redis.url,
    root: await scratch.fresh(),
    provesEngineLate: true,
    log: (line) => lines.push(line),
    timing: { outage: { reminder: 2_000, quiet: 500 } },
  });
  const about = expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ /);
  lines.length = 0;
  await redis.kill();
  await vi.waitFor(() => expect(lines).toHaveLength(2), 20_000);
  await redis.start();
  await vi.waitFor(() => expect(lines.at(-1)).toMatch(/ is available again, after \d+s$/), 20_000);
  expect(lines.filter((line) => !line.includes("has not been available for"))).toEqual([about, about]);
  expect(lines[0]).toContain("is not available, waiting for it");
  expect(lines[1]).toMatch(/has not been available for \d+s: connect ECONNREFUSED/);
  await worker.close(0);
  expect(lines.at(-1)).toMatch(/ is available again/);
});
