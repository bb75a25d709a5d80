// The power goes: the disk is found as it was at that moment, the host comes up again, and goes on with it.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Producer } from "../../../src/producer/index.js";
import { mountedBelow } from "../../support/mounts/mounted.js";
import { startRedis, type TestRedis } from "../../support/redis/redis-server.js";
import type { SeededRandom } from "../../support/seeded-random.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditHost, processesOf, signalTrial } from "../auditor/host-audit.js";
import { auditQueue, noteEnds } from "../auditor/queue-audit.js";
import { drain } from "../drain.js";
import { expectedWorld, type Ledger, openLedger } from "../ledger.js";
import { copyAsFound, dropLoopDisk, makeLoopDisk, mountLoopDisk } from "../loop-disk.js";
import { untilSettled } from "../scene.js";
import { openService, type Service, withRedis } from "../service.js";
import type { Trial } from "../trial.js";
import { handIn, planRound } from "../work.js";

const queues = ["store", "checksum", "mount"];
const diskMebibytes = 600;

/** The root's host loses its power; Redis runs on another one. */
export const powerCut: Trial = async (context) => {
  await using redis = await startRedis();
  // Awaited here: the server ends with this function.
  return await cutTrial(redis)(context);
};

/** All is on one disk: the graph and the queue. */
export const powerCutEmbedded: Trial = (context) => cutTrial(undefined)(context);

function cutTrial(redis: TestRedis | undefined): Trial {
  return async ({ directory, contents, sources, random, rounds, log, isOver }) => {
    const root = join(directory, "disk");
    let image = join(directory, "disk-0.img");
    await makeLoopDisk({ image, mountPoint: root, mebibytes: diskMebibytes });
    const service = openService({ root, redis: redis?.url, sources });
    const ledger = openLedger();
    let cuts = 0;
    const findings: string[] = [];

    /** The power goes, and comes back. What the disk held is audited in between, before anybody repairs it. */
    const cut = async (round: number) => {
      await standStill(root);
      // A Redis on the same disk is asked no more: what it answered before is what counts.
      if (redis !== undefined) await withRedis(service, (plain) => noteEnds(plain, service.graph, ledger));
      const copy = join(directory, `disk-${round + 1}.img`);
      copyAsFound(image, root, copy);
      signalTrial(root, "SIGKILL");
      await service.killWorker();
      await dropLoopDisk(image, root);
      await mountLoopDisk(copy, root);
      image = copy;
      cuts += 1;
      log("cut the power");
      findings.push(...(await auditGraph(root, ledger, { contents, isQuiet: false })));
    };

    await service.start();
    try {
      for (let round = 0; round < rounds && !isOver() && findings.length === 0; round++) {
        const producer = service.openProducer();
        await mountOne(producer, ledger, round, random);
        const seen = openEndsSeen(service, ledger, redis === undefined);
        const handing = handIn(planRound(round, ledger, contents, random), producer, ledger).catch(
          () => undefined,
        );
        await sleep(random.between(200, 4000));
        await seen.stop();
        await cut(round);
        // What was not handed in by now is handed in once the service is back: the clients are elsewhere.
        await service.start();
        await handing;
        await withRedis(service, async (plain) => {
          await drain(plain, service.graph, ledger, queues);
          findings.push(...(await auditQueue(plain, service.graph, ledger)));
        });
        const look = async () => [
          ...(await auditGraph(root, ledger, { contents, isQuiet: true })),
          ...auditHost(root, ledger, { expectedPids: service.pids(), isRebooted: true }),
        ];
        findings.push(...(await untilSettled(look)));
        await producer.close();
        if (findings.length === 0) await endStaleMounts(service, ledger, root);
      }
      if (findings.length === 0) {
        await service.stop();
        findings.push(...auditHost(root, ledger, { expectedPids: [], isRebooted: true }));
      }
    } finally {
      if (findings.length > 0) log(`the worker's last words:\n${service.lastWords()}`);
      await service.killWorker();
      signalTrial(root, "SIGKILL");
      await dropLoopDisk(image, root);
    }
    return { deeds: new Map([["cut the power", cuts]]), jobs: ledger.jobs.length, findings };
  };
}

/** Mounts an image, so that the round has something to commit or to unmount. */
async function mountOne(
  producer: Producer,
  ledger: Ledger,
  round: number,
  random: SeededRandom,
): Promise<void> {
  const known = [...expectedWorld(ledger).images.keys()];
  if (known.length === 0) return;
  const image = random.pick(known);
  const job = await producer.enqueue("mount", { id: image }, { jobId: `m${round}` });
  const result = await producer.wait(job);
  ledger.jobs.push({ id: job.id, queue: "mount", name: "mount", image, mayFail: [] });
  ledger.ends.set(job.id, { state: "completed", result });
}

/** Stops all processes of a trial where they are, those that one of them is just starting included. */
async function standStill(root: string): Promise<void> {
  for (let known = -1, pids = processesOf(root); pids.length !== known; pids = processesOf(root)) {
    known = pids.length;
    signalTrial(root, "SIGSTOP");
    await sleep(5);
  }
}

/** With a Redis on the same disk: notes which jobs a client was told to have ended, up to the cut. */
function openEndsSeen(service: Service, ledger: Ledger, isNeeded: boolean) {
  let isStopped = false;
  const looking = (async () => {
    while (isNeeded && !isStopped) {
      await withRedis(service, (plain) => noteEnds(plain, service.graph, ledger));
      await sleep(50);
    }
  })();
  return {
    async stop() {
      isStopped = true;
      await looking;
    },
  };
}

/** After a reboot the mounts are gone: they are put away, so that the next round mounts anew. */
async function endStaleMounts(service: Service, ledger: Ledger, root: string): Promise<void> {
  const producer = service.openProducer();
  try {
    const isLive = (target: string) => mountedBelow(root).some((entry) => entry.target === target);
    for (const job of ledger.jobs.filter(({ name }) => name === "mount")) {
      const end = ledger.ends.get(job.id);
      const gone = ledger.jobs.some(
        ({ name, mountId }) => name === "unmount" && mountId === end?.result?.mountId,
      );
      if (end?.state !== "completed" || gone || isLive(end.result.target)) continue;
      const { mountId } = end.result;
      const enqueued = await producer.enqueue("unmount", { mountId });
      await producer.wait(enqueued);
      ledger.jobs.push({ id: enqueued.id, queue: "mount", name: "unmount", mountId, mayFail: [] });
      ledger.ends.set(enqueued.id, { state: "completed" });
    }
  } finally {
    await producer.close();
  }
}
