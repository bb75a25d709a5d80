// Redis goes away in all the ways it can: killed, hung, its connections cut, and at last emptied.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { unmountBelow } from "../../support/mounted.js";
import { startRedis } from "../../support/redis-server.js";
import { startTcpProxy } from "../../support/tcp-proxy.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditHost, signalTrial } from "../auditor/host-audit.js";
import { auditQueue } from "../auditor/queue-audit.js";
import { drain } from "../drain.js";
import { openLedger } from "../ledger.js";
import { openService } from "../service.js";
import { openTally, type Trial } from "../trial.js";
import { handIn, planRound } from "../work.js";

const queues = ["store", "checksum", "mount"];

/** The worker and its clients reach Redis through a network that fails; the auditor asks it directly. */
export const outage: Trial = async ({
  directory,
  contents,
  sources,
  random,
  rounds,
  longest,
  log,
  isOver,
}) => {
  const root = join(directory, "root");
  mkdirSync(root, { recursive: true });
  await using redis = await startRedis();
  await using proxy = await startTcpProxy(redis.port);
  const service = openService({ root, redis: `redis://127.0.0.1:${proxy.port}`, sources });
  const ledger = openLedger();
  const { deeds, note } = openTally(log);
  const findings: string[] = [];

  const disturb = async () => {
    const seconds = random.pick(longest >= 60 ? [1, 5, 5, 60] : [1, 2]);
    switch (random.pick(["cut", "cut", "hold", "kill", "freeze"])) {
      case "cut":
        proxy.cut();
        note("cut all connections");
        break;
      case "hold":
        proxy.hold();
        await sleep(seconds * 1_000);
        proxy.resume();
        note(`let nothing through for ${seconds} s`);
        break;
      case "freeze":
        redis.freeze();
        await sleep(seconds * 1_000);
        redis.thaw();
        note(`let Redis hang for ${seconds} s`);
        break;
      default:
        await redis.kill();
        await sleep(seconds * 1_000);
        await redis.start();
        note(`took Redis away for ${seconds} s, back from its file`);
    }
  };
  const auditAll = async () => {
    const plain = service.openRedis(redis.url);
    try {
      await drain(plain, service.graph, ledger, queues);
      findings.push(...(await auditQueue(plain, service.graph, ledger)));
    } finally {
      plain.disconnect();
    }
    findings.push(...(await auditGraph(root, ledger, { contents, isQuiet: true })));
  };

  await service.start();
  const producer = service.openProducer();
  try {
    for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
      const handing = handIn(planRound(round, ledger, contents, random), producer, ledger);
      for (let count = random.between(1, 4); count > 0; count--) {
        await sleep(random.between(10, 1500));
        await disturb();
      }
      await handing;
      await auditAll();
      findings.push(...auditHost(root, ledger, { expectedPids: service.pids() }));
    }
    if (findings.length === 0) {
      // What was acknowledged and had not ended is lost now; all else is not.
      const lost = openLedger();
      await handIn(planRound(1_000, ledger, contents, random), producer, lost);
      await redis.kill();
      await redis.wipe();
      await redis.start();
      note("emptied Redis");
      for (const job of lost.jobs) ledger.jobs.push({ ...job, isForgotten: true });
      await handIn(
        planRound(1_001, ledger, contents, random).filter(({ job }) => job.name === "store"),
        producer,
        ledger,
      );
      await auditAll();
      await service.stop();
    }
  } finally {
    if (findings.length > 0) log(`the worker's last words:\n${service.lastWords()}`);
    await service.killWorker();
    await producer.close();
    signalTrial(root, "SIGKILL");
    unmountBelow(directory);
  }
  return { deeds, jobs: ledger.jobs.length, findings };
};
