// A command whose job goes away: it ends.
import { Queue } from "bullmq";
import { Redis } from "ioredis";
import { expect, it } from "vitest";
import { keyPrefix } from "../../../../src/jobs/index.js";
import { startCommand } from "../../../support/processes/command.js";
import { openDatabase } from "../../../support/redis/shared-redis.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });

it("a command that waits for a job ends with JOB_NOT_FOUND when its queue is drained", async () => {
  await using redis = await openDatabase();
  const graph = "drained";
  const connection = new Redis(redis.url, { maxRetriesPerRequest: null });
  const queue = new Queue("checksum", { connection, prefix: keyPrefix(graph) });
  const root = await scratch.fresh();
  const command = startCommand(["checksum", "nobody", "--redis", redis.url, "--graph", graph], { root });
  await command.says(/no worker serves the graph/);
  await queue.drain();
  const { code, stderr } = await command.ended;
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("JOB_NOT_FOUND") });
  await queue.close();
  connection.disconnect();
});
