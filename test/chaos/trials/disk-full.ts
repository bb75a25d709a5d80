// The disk of the root fills up while jobs are at work, by bytes, by inodes or by a quota, to where each job fails at another
// stage; then there is space again.
import { rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { shell } from "../../support/processes/shell.js";
import { startRedis } from "../../support/redis/redis-server.js";
import { dropLoopDisk, makeLoopDisk } from "../loop-disk.js";
import { playScene, type Scene } from "../scene.js";
import type { Trial, TrialContext } from "../trial.js";
import { handIn, type PlannedJob, planRound } from "../work.js";

const KiB = 1024;
/** How much is left, in KiB. */
const rests = [0, 4, 12, 40, 200, 1_000, 3_000, 6_000];
/** After so many moments at which a disk was full another disk is taken, where moments are counted. */
const momentsOfDisk = 10;

/** A way to be full. */
interface Kind {
  readonly name: string;
  readonly fileSystem: "ext4" | "xfs" | "btrfs";
  readonly mebibytes: number;
  readonly inodes?: number;
  /** To be run once, in the disk. */
  readonly prepare?: string;
  /** Leaves so many KiB on the disk, or of the quota; or so many inodes. */
  fill(root: string, rest: number): Promise<void>;
  free(root: string): Promise<void>;
}

const byBytes = { fill: fillBytes, free: removeFiller };
const kinds: readonly Kind[] = [
  { name: "bytes of ext4", fileSystem: "ext4", mebibytes: 200, ...byBytes },
  { name: "bytes of XFS", fileSystem: "xfs", mebibytes: 300, ...byBytes },
  { name: "bytes of Btrfs", fileSystem: "btrfs", mebibytes: 300, ...byBytes },
  {
    name: "inodes",
    ...{ fileSystem: "ext4", mebibytes: 200, inodes: 8_000 },
    ...{ fill: fillInodes, free: removeFiller },
  },
  {
    name: "quota",
    ...{ fileSystem: "btrfs", mebibytes: 600 },
    // The root is a subvolume, whose id is 256: from within one whose quota is full Btrfs does not even change that.
    prepare: [
      ...["btrfs quota enable .", "btrfs subvolume create own", "mkdir ../top", "mount --bind . ../top"],
      ...["mount --bind own $PWD"],
    ].join(" && "),
    async fill(root, rest) {
      const top = { cwd: join(root, "../top") };
      // As of the file system's last commit.
      await shell("sync -f .", top);
      const [, used] = /^0\/256 +(\d+) /m.exec(`${await shell("btrfs qgroup show --raw .", top)}`) ?? [];
      await shell(`btrfs qgroup limit ${Number(used) + rest * KiB} 0/256 .`, top);
    },
    free: async (root) =>
      void (await shell("btrfs qgroup limit none 0/256 .", { cwd: join(root, "../top") })),
  },
];

export const diskFull: Trial = async (context) => {
  const { directory, random, kills, isOver } = context;
  const deeds = new Map<string, number>();
  const findings: string[] = [];
  let [jobs, moments] = [0, 0];
  const first = random.between(0, kinds.length - 1);
  for (let disk = 0; disk === 0 || (moments < (kills ?? 0) && !isOver() && findings.length === 0); disk++) {
    const kind = kinds[(first + disk) % kinds.length] as Kind;
    const image = join(directory, `disk-${disk}.img`);
    const root = join(directory, `${disk}/disk`);
    await makeLoopDisk({ ...kind, image, mountPoint: root });
    try {
      if (kind.prepare !== undefined) await shell(kind.prepare, { cwd: root });
      await using redis = await startRedis();
      const most = kills === undefined ? Number.POSITIVE_INFINITY : Math.min(momentsOfDisk, kills - moments);
      const fillAgain = (scene: Scene) => fillUp(scene, context, kind, root, most);
      const report = await playScene(context, { root, redis: redis.url }, fillAgain);
      for (const [deed, count] of report.deeds) deeds.set(deed, (deeds.get(deed) ?? 0) + count);
      findings.push(...report.findings.map((finding) => `${finding} (${kind.name})`));
      jobs += report.jobs;
      moments += [...report.deeds.values()].reduce((sum, count) => sum + count, 0);
    } finally {
      await dropLoopDisk(image, root);
    }
  }
  return { deeds, jobs, findings };
};

async function fillUp(
  { producer, ledger, findings, note, audit }: Scene,
  { contents, random, rounds, kills, isOver }: TrialContext,
  kind: Kind,
  root: string,
  most: number,
): Promise<void> {
  const left = kind.name === "inodes" ? () => random.between(0, 60) : () => random.pick(rests);
  let moments = 0;
  const fill = async () => {
    await kind.fill(root, left());
    note(`left little: ${kind.name}`);
    moments++;
  };
  const isEnough = (round: number) => (kills === undefined ? round >= rounds : moments >= most);

  await handIn(planRound(0, ledger, contents, random), producer, ledger);
  await audit();
  for (let round = 1; !isEnough(round) && !isOver() && findings.length === 0; round++) {
    const planned = planRound(round, ledger, contents, random);
    const isFullFirst = random.chance(0.4);
    if (isFullFirst) await fill();
    const handing = handIn(planned.map(mayLackSpace), producer, ledger);
    // At random moments of the jobs, and away again: what failed is tried again.
    for (let more = random.between(isFullFirst ? 0 : 1, 4); more > 0 && moments < most; more--) {
      await sleep(random.between(10, 600));
      await kind.free(root);
      await sleep(random.between(0, 400));
      await fill();
    }
    await handing;
    // Now and then the jobs end while it is full.
    if (random.chance(0.5)) await audit();
    await kind.free(root);
    await audit();
    if (findings.length > 0 || !random.chance(0.3)) continue;
    await handIn(planRound(round + 10_000, ledger, contents, random), producer, ledger);
    await audit();
  }
}

function mayLackSpace({ job, note }: PlannedJob): PlannedJob {
  // An image that could not be committed, say, is not there for a later job.
  const after = job.name === "delete" ? ["IMAGE_IN_USE"] : [];
  return { job, note: { ...note, mayFail: [...note.mayFail, "NO_SPACE", ...after] } };
}

/** The rest is put by, all else is taken, and the rest is given back: no file system tells exactly what it has left. */
async function fillBytes(root: string, rest: number): Promise<void> {
  const { bavail, bsize } = statfsSync(root);
  const most = Math.max(0, bavail * bsize - (rest + 2_048) * KiB);
  const lines = [
    ...["mkdir -p filler", `head -c ${rest * KiB} /dev/zero > filler/rest`],
    ...[`fallocate -l ${most} filler/most`, "cat /dev/zero > filler/last", "sync -f .", "rm -f filler/rest"],
    "sync -f .",
  ];
  await shell(`{ ${lines.join("; ")}; } 2> /dev/null || true`, { cwd: root });
}

/** Jobs at work may take some of them first. */
async function fillInodes(root: string, rest: number): Promise<void> {
  const { ffree } = statfsSync(root);
  await shell(`mkdir -p filler; cd filler; seq ${Math.max(0, ffree - 1 - rest)} | xargs -r touch || true`, {
    cwd: root,
  });
}

async function removeFiller(root: string): Promise<void> {
  rmSync(join(root, "filler"), { recursive: true, force: true });
  // Btrfs gives back what was removed when it commits that.
  await shell("sync -f .", { cwd: root });
}
