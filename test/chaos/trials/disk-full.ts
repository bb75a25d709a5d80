// The disk of the root fills up, by bytes or by inodes, to where each job fails at another stage; then there is space again.
import { rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { startRedis } from "../../support/redis-server.js";
import { shell } from "../../support/shell.js";
import { auditGraph } from "../auditor/graph-audit.js";
import { auditHost, signalTrial } from "../auditor/host-audit.js";
import { auditQueue } from "../auditor/queue-audit.js";
import { drain } from "../drain.js";
import { openLedger } from "../ledger.js";
import { dropLoopDisk, makeLoopDisk } from "../loop-disk.js";
import { openService } from "../service.js";
import { openTally, type Trial } from "../trial.js";
import { handIn, type PlannedJob, planRound } from "../work.js";

const queues = ["store", "checksum", "mount"];
const KiB = 1024;

export const diskFull: Trial = async ({ directory, contents, sources, random, rounds, log, isOver }) => {
  const root = join(directory, "disk");
  const image = join(directory, "disk.img");
  const isShortOfInodes = random.chance(0.3);
  await makeLoopDisk({
    image,
    mountPoint: root,
    mebibytes: 200,
    inodes: isShortOfInodes ? 8_000 : undefined,
  });
  await using redis = await startRedis();
  const service = openService({ root, redis: redis.url, sources });
  const ledger = openLedger();
  const { deeds, note } = openTally(log);
  const findings: string[] = [];
  await service.start();
  const producer = service.openProducer();
  const plain = service.openRedis();

  const runAll = async (planned: readonly PlannedJob[]) => {
    await handIn(planned, producer, ledger);
    await drain(plain, service.graph, ledger, queues);
    findings.push(...(await auditQueue(plain, service.graph, ledger)));
    findings.push(...(await auditGraph(root, ledger, { contents, isQuiet: true })));
    findings.push(...auditHost(root, ledger, { expectedPids: service.pids() }));
  };
  /** Leaves so much on the disk. */
  const fill = async (free: number): Promise<void> => {
    if (isShortOfInodes) {
      const { ffree } = statfsSync(root);
      await shell(`mkdir -p filler; cd filler; seq ${Math.max(0, ffree - 1 - free)} | xargs -r touch`, {
        cwd: root,
      });
    } else {
      const { bavail, bsize } = statfsSync(root);
      await shell(`head -c ${Math.max(0, bavail * bsize - free * KiB)} /dev/zero > filler && sync -f .`, {
        cwd: root,
      });
    }
    note(`left ${isShortOfInodes ? "few inodes" : "little space"} on the disk`);
  };

  try {
    await runAll(planRound(0, ledger, contents, random));
    for (let round = 1; round < rounds && !isOver() && findings.length === 0; round++) {
      const planned = planRound(round, ledger, contents, random);
      await fill(
        isShortOfInodes ? random.between(0, 60) : random.pick([0, 4, 12, 40, 200, 1_000, 3_000, 6_000]),
      );
      await runAll(
        planned.map(({ job, note }) => ({
          job,
          note: { ...note, mayFail: [...note.mayFail, "NO_SPACE", ...afterNoSpace(job.name)] },
        })),
      );
      rmSync(join(root, "filler"), { recursive: true, force: true });
      if (findings.length === 0) await runAll(planRound(round + 10_000, ledger, contents, random));
    }
    if (findings.length === 0) await service.stop();
  } finally {
    if (findings.length > 0) log(`the worker's last words:\n${service.lastWords()}`);
    await service.killWorker();
    plain.disconnect();
    await producer.close();
    signalTrial(root, "SIGKILL");
    await dropLoopDisk(image, root);
  }
  return { deeds, jobs: ledger.jobs.length, findings };
};

/** An image that could not be committed, say, is not there for a later job. */
function afterNoSpace(name: string): string[] {
  return name === "delete" ? ["IMAGE_IN_USE"] : [];
}
