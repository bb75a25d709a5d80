// `kill -9` of the worker, of its Redis and of the tools it runs, at random moments of all kinds of jobs.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unmountBelow } from "../../support/mounted.js";
import { startRedis, type TestRedis } from "../../support/redis-server.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditHost, signalTrial } from "../auditor/host-audit.js";
import { auditQueue } from "../auditor/queue-audit.js";
import { drain } from "../drain.js";
import { openLedger } from "../ledger.js";
import { openService } from "../service.js";
import { openTally, type Trial } from "../trial.js";
import { handIn, planRound } from "../work.js";

const queues = ["store", "checksum", "mount"];

/** The worker with a Redis beside it, which is killed as well. */
export const killWithRedis: Trial = async (context) => {
  await using redis = await startRedis();
  // Awaited here: the server ends with this function.
  return await killTrial(redis)(context);
};

/** `stevedore up` with the Redis of its own. */
export const killEmbedded: Trial = (context) => killTrial(undefined)(context);

function killTrial(redis: TestRedis | undefined): Trial {
  return async ({ directory, contents, sources, random, rounds, log, isOver }) => {
    const root = join(directory, "root");
    mkdirSync(root, { recursive: true });
    const service = openService({ root, redis: redis?.url, sources });
    const ledger = openLedger();
    const { deeds, note } = openTally(log);
    const findings: string[] = [];
    await service.start();
    const producer = service.openProducer();
    const plain = service.openRedis();

    /** Kills one of them; whatever the service lost is started again. */
    const killOne = async () => {
      const victim = random.pick(["worker", "tool", "redis"]);
      if (victim === "tool") {
        if (service.killTool(["tar", "xz", "zstd", "gzip", "bzip2", "mount", "sync"], random.pick))
          note("killed a tool");
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

    try {
      for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
        const handing = handIn(planRound(round, ledger, contents, random), producer, ledger);
        for (let kills = random.between(1, 3); kills > 0; kills--) {
          await sleep(random.between(10, 1800));
          await killOne();
        }
        await handing;
        await drain(plain, service.graph, ledger, queues);
        findings.push(...(await auditQueue(plain, service.graph, ledger)));
        findings.push(...(await auditGraph(root, ledger, { contents, isQuiet: true })));
        findings.push(...auditHost(root, ledger, { expectedPids: service.pids() }));
      }
      if (findings.length === 0) {
        await service.stop();
        findings.push(...auditHost(root, ledger, { expectedPids: [] }));
      }
    } finally {
      if (findings.length > 0) log(`the worker's last words:\n${service.lastWords()}`);
      await service.killWorker();
      plain.disconnect();
      await producer.close();
      signalTrial(root, "SIGKILL");
      unmountBelow(directory);
    }
    return { deeds, jobs: ledger.jobs.length, findings };
  };
}
