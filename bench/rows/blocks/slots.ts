// The checksum of a layer with 1 to 32 simulated compressors: against the ideal, and where the owner's core or Redis's is
// full. One plot in docs/.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { shellLine } from "../../../src/layer/index.js";
import { cpuTimeOf } from "../../cpu-time.js";
import { shortening } from "../../data.js";
import { drawLines } from "../../line-plot.js";
import type { Row } from "../../row.js";
import { shell } from "../../shell.js";
import { openSite, type Site } from "../../site.js";
import { makeStandIn, type StandIn } from "../../stand-in.js";

const counts = [1, 2, 4, 8, 16, 32];
/** A block of xz-6, 8 MiB at 1.7 MB/s. */
const blockMs = 4_900;
/** Blocks that each slot has to make. */
const turns = shortening === 1 ? 8 : 2;
/** Compressors are processes of their own, up to so many. */
const mostProcesses = 4;
/** For all slots at once, and what the compressors fetch ahead. */
const offloadMemory = 512 * 1024 ** 2;
const mebibyte = 1024 ** 2;

interface Measured {
  readonly slots: number;
  readonly blocks: number;
  readonly remote: number;
  readonly ms: number;
  /** If all slots were at work from the beginning to the end. */
  readonly idealMs: number;
  /** Of one core. */
  readonly ownerLoad: number;
  readonly redisLoad: number;
}

export async function measureSlots(): Promise<Row[]> {
  await using site = await openSite();
  const standIn = await makeStandIn(site.scratch, blockMs);
  if (standIn === undefined) {
    console.error("bench: no gcc, so no simulated compressors");
    return [];
  }
  const measured: Measured[] = [];
  for (const slots of counts) {
    await makeLayer(site, standIn, slots);
    measured.push(await measureOne(site, standIn, slots));
    // It may be 2 GiB.
    await shell(`rm -r ${site.imageDirectory(nameOf(slots))}`);
  }
  const full = pointsOfFull(measured);
  draw(measured, full);
  const most = measured.at(-1);
  if (most === undefined) return [];
  return [
    ...measured.map(
      ({ slots, blocks, remote, ms, idealMs }): Row => ({
        what: `checksum with ${slots} simulated one-slot compressors`,
        against: "ideal: all slots at work throughout, the worker's own one too",
        on: `${blocks} blocks of ${blockMs} ms each, ${remote} by compressors`,
        ours: ms,
        peer: idealMs,
        unit: "ms",
        value: idealMs / ms,
        target: { atLeast: 0.8 },
      }),
    ),
    ...Object.entries(full).map(
      ([who, slots]): Row => ({
        what: `simulated compressors at which the core of ${who} is full`,
        against: "-",
        on: `by its CPU time per block with ${most.slots} of them`,
        ours: slots,
        peer: null,
        unit: "slots",
        value: slots,
        target: null,
      }),
    ),
  ];
}

const nameOf = (slots: number) => `slots-${slots}`;
const blocksFor = (slots: number) => turns * (slots + 1);

/** A layer of so many blocks, which differ, and half of which does not compress; and the record of its blocks. */
async function makeLayer({ addImage, imageDirectory, scratch }: Site, standIn: StandIn, slots: number) {
  const content = join(scratch, "content");
  const most = blocksFor(Math.max(...counts)) * 8;
  await shell(
    `[ -e ${content} ] || for at in $(seq ${most}); do head -c 524288 /dev/urandom; head -c 524288 /dev/zero; done > ${content}`,
  );
  // Of the same bytes at the same places: what is recorded of the smaller layers is there for the larger ones.
  const bytes = blocksFor(slots) * 8 * mebibyte - 20_480;
  await addImage(nameOf(slots), `head -c ${bytes} ${content} > file`);
  const line = shellLine("xz-1", { imageDirectory: imageDirectory(nameOf(slots)) });
  const [, tar, flags] = /echo; (tar .*) \| xz (.*) -T2; }/.exec(line) ?? [];
  if (tar === undefined || flags === undefined) throw new Error(`there is no tar in ${line}`);
  await standIn.record(tar, flags);
  if (slots === counts[0]) expected = `sha256:${(await shell(line)).slice(0, 64)}`;
}

/** The checksum of the first layer. */
let expected = "";

async function measureOne(site: Site, { env }: StandIn, slots: number): Promise<Measured> {
  const { producer, redisPid, startWorker, startCompressor } = site;
  await using worker = await startWorker({ threads: 1, env, offloadMemory });
  const processes = Math.min(slots, mostProcesses);
  const compressors = await Promise.all(
    Array.from({ length: processes }, () => startCompressor({ threads: slots / processes, env })),
  );
  const cpu = () => [worker.pid, redisPid].map((pid) => cpuTimeOf(pid) ?? 0);
  const [ownerBefore = 0, redisBefore = 0] = cpu();
  const job = await producer.enqueue("checksum", { id: nameOf(slots), recipe: "xz-1" });
  const { durationMs, blocks, checksum } = await producer.wait(job);
  const [owner = 0, redis = 0] = cpu();
  for (const compressor of compressors) await compressor[Symbol.asyncDispose]();
  if (slots === counts[0] && checksum !== expected)
    throw new Error(`the checksum is ${checksum}, and by the shell ${expected}`);
  const { total = 0, remote = 0 } = blocks ?? {};
  return {
    slots,
    blocks: total,
    remote,
    ms: durationMs,
    idealMs: (total * blockMs) / (slots + 1),
    ownerLoad: (owner - ownerBefore) / durationMs,
    redisLoad: (redis - redisBefore) / durationMs,
  };
}

/** With how many slots the owner, and Redis, would take a whole core. */
function pointsOfFull(measured: readonly Measured[]): {
  readonly "the worker": number;
  readonly Redis: number;
} {
  const { blocks = 1, ms = 1, ownerLoad = 0, redisLoad = 0 } = measured.at(-1) ?? {};
  const perBlock = (load: number) => (load * ms) / blocks;
  return { "the worker": blockMs / perBlock(ownerLoad), Redis: blockMs / perBlock(redisLoad) };
}

function draw(measured: readonly Measured[], full: Readonly<Record<string, number>>): void {
  const perMinute = (blocks: number, ms: number) => (blocks * 60_000) / ms;
  const ours = measured.map(({ slots, blocks, ms }) => [slots, perMinute(blocks, ms)] as const);
  const ideal = measured.map(({ slots, blocks, idealMs }) => [slots, perMinute(blocks, idealMs)] as const);
  const curves = Object.entries(full).map(([who, slots]) => ({
    name: `the core of ${who} is full`,
    points: [[slots, 0] as const, [slots, perMinute(slots + 1, blockMs)] as const],
    isPeer: true,
  }));
  const svg = drawLines(
    "Blocks per minute, by simulated compressors",
    { name: "compressors of one slot each, beside the worker's own slot" },
    { name: "blocks per minute" },
    [{ name: "measured", points: ours }, { name: "ideal", points: ideal, isPeer: true }, ...curves],
  );
  const file = fileURLToPath(new URL("../../../../docs/blocks-over-compressors.svg", import.meta.url));
  writeFileSync(file, svg);
  console.error(`bench: drawn ${file}`);
}
