// What a worker says of a Redis whose settings or clock break what jobs rely on.
import { afterEach, expect, it, vi } from "vitest";
import { openProducer } from "../../src/producer/index.js";
import { startWorker } from "../../src/worker/index.js";
import { startRedis } from "../support/redis/redis-server.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
afterEach(() => void vi.restoreAllMocks());

it("warns once of a policy that drops jobs, and of clocks that are apart until they are not", async () => {
  await using redis = await startRedis();
  await redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru");
  const lines: string[] = [];
  const real = Date.now;
  const clock = vi.spyOn(Date, "now").mockImplementation(() => real() + 90_000);
  const worker = await startWorker({
    redis: redis.url,
    root: await scratch.fresh(),
    provesEngineLate: true,
    log: (line) => lines.push(line),
    timing: { statusInterval: 20 },
  });
  const producer = openProducer({ redis: redis.url });
  try {
    await vi.waitFor(() =>
      expect(lines).toContain("this host's clock is 90 s ahead of Redis's: schedules follow it"),
    );
    const skew = async () => {
      const [status] = await producer.workerStatuses();
      const metric = status?.metrics.find(({ name }) => name === "stevedore_worker_clock_skew_seconds");
      return Math.round(metric?.values[0]?.value ?? Number.NaN);
    };
    await expect.poll(skew).toBe(90);
    clock.mockRestore();
    await vi.waitFor(() => expect(lines).toContain("this host's clock agrees with Redis's again"));
    await expect.poll(skew).toBe(0);
    expect(lines.filter((line) => /clock/.test(line))).toHaveLength(2);
    expect(lines.filter((line) => /maxmemory-policy is allkeys-lru/.test(line))).toHaveLength(1);
  } finally {
    await producer.close();
    await worker.close(0);
  }
});
