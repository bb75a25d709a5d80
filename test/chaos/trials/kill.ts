// `kill -9` of the worker, of its Redis and of the tools it runs, at random moments of all kinds of jobs.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import { playScene } from "../scene.js";
import type { Trial } from "../trial.js";
import { handIn, planRound } from "../work.js";

/** What a worker may have running. */
const toolNames = ["tar", "xz", "zstd", "gzip", "bzip2", "mount", "sync"];

/** The worker with a Redis beside it, which is killed as well. */
export const killWithRedis: Trial = async (context) => {
  await using redis = await startRedis();
  // Awaited here: the server ends with this function.
  return await killTrial(redis)(context);
};

/** `stevedore up` with the Redis of its own. */
export const killEmbedded: Trial = (context) => killTrial(undefined)(context);

function killTrial(redis: TestRedis | undefined): Trial {
  return (context) => {
    const { directory, contents, random, rounds, isOver } = context;
    const place = { root: join(directory, "root"), redis: redis?.url };
    return playScene(context, place, async ({ service, producer, ledger, findings, note, audit }) => {
      /** Kills one of them; whatever the service lost is started again. */
      const killOne = async () => {
        const victim = random.pick(["worker", "tool", "redis"]);
        if (victim === "tool") {
          if (service.killTool(toolNames, random.pick)) note("killed a tool");
        } else if (victim === "redis") {
          if (redis === undefined) {
            if (!service.killTool(["redis-server", "valkey-server"], random.pick)) return;
          } else {
            await redis.kill();
            await sleep(random.between(0, 1500));
            await redis.start();
          }
          note("killed Redis");
        } else {
          await service.killWorker();
          await sleep(random.between(0, 500));
          await service.start();
          note("killed the worker");
        }
      };

      for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
        const handing = handIn(planRound(round, ledger, contents, random), producer, ledger);
        for (let kills = random.between(1, 3); kills > 0; kills--) {
          await sleep(random.between(10, 1800));
          await killOne();
        }
        await handing;
        await audit();
      }
    });
  };
}
