// The disk of the root fills up, by bytes or by inodes, to where each job fails at another stage; then there is space again.
import { rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { shell } from "../../support/processes/shell.js";
import { startRedis } from "../../support/redis/redis-server.js";
import { dropLoopDisk, makeLoopDisk } from "../loop-disk.js";
import { playScene, type Scene } from "../scene.js";
import type { Trial, TrialContext } from "../trial.js";
import { handIn, type PlannedJob, planRound } from "../work.js";

const KiB = 1024;

export const diskFull: Trial = async (context) => {
  const { directory, random } = context;
  const root = join(directory, "disk");
  const image = join(directory, "disk.img");
  const isShortOfInodes = random.chance(0.3);
  const inodes = isShortOfInodes ? 8_000 : undefined;
  await makeLoopDisk({ image, mountPoint: root, mebibytes: 200, inodes });
  try {
    await using redis = await startRedis();
    const fillAgain = (scene: Scene) => fillUp(scene, context, root, isShortOfInodes);
    // Awaited here: Redis ends with this block.
    return await playScene(context, { root, redis: redis.url }, fillAgain);
  } finally {
    await dropLoopDisk(image, root);
  }
};

async function fillUp(
  { producer, ledger, findings, note, audit }: Scene,
  { contents, random, rounds, isOver }: TrialContext,
  root: string,
  isShortOfInodes: boolean,
): Promise<void> {
  const runAll = async (planned: readonly PlannedJob[]) => {
    await handIn(planned, producer, ledger);
    await audit();
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
}

/** An image that could not be committed, say, is not there for a later job. */
function afterNoSpace(name: string): string[] {
  return name === "delete" ? ["IMAGE_IN_USE"] : [];
}
