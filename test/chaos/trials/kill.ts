// `kill -9` of the worker, of its Redis and of the tools it runs, at random moments of all kinds of jobs.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import type { SeededRandom } from "../../support/seeded-random.js";
import { playScene, type Scene } from "../scene.js";
import type { Trial } from "../trial.js";
import { handInBetween, planRound } from "../work.js";

/** What a worker may have running. */
const toolNames = ["tar", "xz", "zstd", "gzip", "bzip2", "mount", "sync", "cp", "rm", "find"];

/** A job may lose five workers, then it fails; one that Redis has forgotten for a while may have lost its worker, too. */
const mostLost = 3;
/** A job has three tries, one of which a killed tool takes. */
const mostTools = 2;

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
    return playScene(context, place, async (scene) => {
      const { ledger, findings, audit } = scene;
      for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
        const planned = planRound(round, ledger, contents, random);
        const kills = pickVictims(random).map((victim) => () => killOne(victim, scene, redis, random));
        await handInBetween(planned, kills, { ...scene, random });
        await audit();
      }
    });
  };
}

type Victim = "worker" | "starting worker" | "tool" | "redis";

/** Whom a round loses, in which order. */
function pickVictims(random: SeededRandom): Victim[] {
  const lost = Array.from({ length: random.between(1, mostLost) }, () =>
    random.pick(["worker", "worker", "worker", "starting worker", "redis"] as const),
  );
  const tools = Array.from({ length: random.between(0, mostTools) }, () => "tool" as const);
  return random.some([...lost, ...tools], lost.length + tools.length);
}

/** Kills one of them; whatever the service lost is started again. */
async function killOne(
  victim: Victim,
  { service, note }: Scene,
  redis: TestRedis | undefined,
  random: SeededRandom,
): Promise<void> {
  if (victim === "tool") {
    const tool = await service.killTool(toolNames, random.pick);
    if (tool !== undefined) note(`killed a tool (${tool})`);
  } else if (victim === "redis" && redis === undefined) {
    if (await service.killRedis()) note("killed Redis");
  } else if (victim === "redis") {
    await redis?.kill();
    await sleep(random.pick([0, 0, random.between(0, 1_500)]));
    await redis?.start();
    note("killed Redis");
  } else {
    await service.killWorker();
    note("killed the worker");
    await sleep(random.pick([0, 0, random.between(0, 500)]));
    if (victim === "starting worker") {
      const starting = service.start();
      await Promise.race([starting, sleep(random.between(100, 1_500))]);
      await service.killWorker();
      await starting.catch(() => undefined);
      note("killed the worker, as it started");
    }
    await service.start();
  }
}
