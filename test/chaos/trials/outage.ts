// Redis goes away in all the ways it can: killed, hung, full, its connections cut, and at last emptied.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Producer } from "../../../src/producer/index.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import { startTcpProxy } from "../../support/redis/tcp-proxy.js";
import { openLedger } from "../ledger.js";
import { playScene } from "../scene.js";
import type { Trial } from "../trial.js";
import { handIn, handInBetween, isUnavailable, planRound } from "../work.js";

/** The worker and its clients reach Redis through a network that fails; the auditor asks it directly. */
export const outage: Trial = async (context) => {
  const { directory, contents, random, rounds, longest, isOver } = context;
  await using redis = await startRedis();
  await using proxy = await startTcpProxy(redis.port);
  const place = { root: join(directory, "root"), redis: `redis://127.0.0.1:${proxy.port}` };
  // Awaited here: Redis and the proxy end with this function.
  return await playScene(context, place, async ({ producer, ledger, findings, note, audit }) => {
    const disturb = async () => {
      const seconds = random.pick([1, 1, 2, 5, 60].filter((each) => each <= longest));
      const forSeconds = `, for ${seconds} s`;
      switch (random.pick(["cut", "hold", "full", "full", "kill", "freeze"])) {
        case "cut":
          proxy.cut();
          note("cut all connections");
          break;
        case "hold":
          proxy.hold();
          await sleep(seconds * 1_000);
          proxy.resume();
          note("let nothing through", forSeconds);
          break;
        case "freeze":
          redis.freeze();
          await sleep(seconds * 1_000);
          redis.thaw();
          note("let Redis hang", forSeconds);
          break;
        case "full":
          findings.push(...(await fillUp(redis, producer, seconds)));
          note("let Redis be full", forSeconds);
          break;
        default:
          await redis.kill();
          await sleep(seconds * 1_000);
          await redis.start();
          note("killed Redis, back from its file", forSeconds);
      }
    };

    for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
      const planned = planRound(round, ledger, contents, random);
      const outages = Array.from({ length: random.between(1, 4) }, () => disturb);
      await handInBetween(planned, outages, { producer, ledger, random });
      await audit(redis.url);
    }
    if (findings.length > 0) return;
    // What was acknowledged and had not ended is lost now; all else is not.
    const lost = openLedger();
    await handIn(planRound(1_000, ledger, contents, random), producer, lost);
    await sleep(random.between(0, 1_000));
    await redis.kill();
    await redis.wipe();
    await redis.start();
    note("emptied Redis");
    for (const job of lost.jobs) ledger.jobs.push({ ...job, isForgotten: true });
    const stores = planRound(1_001, ledger, contents, random).filter(({ job }) => job.name === "store");
    await handIn(stores, producer, ledger);
    await audit(redis.url);
  });
};

/**
 * Gives Redis no memory for anything new (redis.conf: `maxmemory`, `noeviction`), for a while.
 * @returns what is wrong with what a client is told meanwhile
 */
async function fillUp(redis: TestRedis, producer: Producer, seconds: number): Promise<string[]> {
  await redis.command("CONFIG", "SET", "maxmemory", "1");
  try {
    const told = await producer.enqueue("verify", { id: "nobody" }).then(
      () => "took a job",
      (error: unknown) => (isUnavailable(error) ? undefined : `answered ${String(error)}`),
    );
    await sleep(seconds * 1_000);
    return told === undefined ? [] : [`a Redis that is full ${told}`];
  } finally {
    await redis.command("CONFIG", "SET", "maxmemory", "0");
  }
}
