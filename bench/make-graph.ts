// Makes a graph of any size for measuring. It is seeded, so that every run measures the same forest.
//
//   node dist-bench/bench/make-graph.js DIR COUNT [SEED]
import { linkSync, mkdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export interface GraphShape {
  readonly count: number;
  /** Default 1. */
  readonly seed?: number;
  /** The share of images, 0 to 1, that have a layer.json; the others are measured when they are listed. Default 1. */
  readonly facts?: number;
  /** The share of images, 0 to 1, that have a checksum.json. Default 0.9. */
  readonly checksums?: number;
}

/** A file of ext4 can have 65,000 names. */
const namesPerFile = 60_000;
const layerFile = "stevedore\n";

/**
 * Makes `<root>/graph` with images laid out as Docker and this project lay them out, and returns their ids in the
 * order in which they were made, parents first. A tenth of the images are one chain; of the others nine in ten
 * go on where the last ended, one in 200 has no parent and the rest branch off anywhere. Layers, facts and
 * checksums are hard links to a few files (the checksums have the right form, not the right value): an image costs
 * three blocks of the disk.
 */
export function makeGraph(
  root: string,
  { count, seed = 1, facts = 1, checksums = 0.9 }: GraphShape,
): string[] {
  const random = randomNumbers(seed);
  const graph = join(root, "graph");
  mkdirSync(graph, { recursive: true });
  using layers = linkedFile(root, layerFile);
  using factsFiles = linkedFile(
    root,
    JSON.stringify({ layerBytes: layerFile.length, entries: 1, whiteouts: 0 }),
  );
  using checksumFiles = linkedFile(root, JSON.stringify({ "xz-6": storedChecksum }));
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    const id = Array.from({ length: 8 }, () => hexOf(random())).join("");
    const parent = number < count / 10 ? ids.at(-1) : chooseParent(ids, random(), random());
    const directory = join(graph, id);
    mkdirSync(directory);
    mkdirSync(join(directory, "layer"));
    writeFileSync(join(directory, "json"), recordOf(id, parent, number), { mode: 0o600 });
    layers.linkAt(join(directory, "layer/file"));
    if (random() < facts) factsFiles.linkAt(join(directory, "layer.json"));
    if (random() < checksums) checksumFiles.linkAt(join(directory, "checksum.json"));
    ids.push(id);
  }
  return ids;
}

/** Makes a graph whose images are empty directories: enough for what reads the names alone. Returns the ids. */
export function makeNames(root: string, count: number, seed = 1): string[] {
  const random = randomNumbers(seed);
  const graph = join(root, "graph");
  mkdirSync(graph, { recursive: true });
  const ids: string[] = [];
  for (let number = 0; number < count; number++) {
    const id = Array.from({ length: 8 }, () => hexOf(random())).join("");
    mkdirSync(join(graph, id));
    ids.push(id);
  }
  return ids;
}

function chooseParent(ids: readonly string[], kind: number, which: number): string | undefined {
  if (kind < 0.005) return undefined;
  return kind < 0.9 ? ids.at(-1) : ids[Math.floor(which * ids.length)];
}

/** A record with the fields that Docker 0.3 wrote for most images. */
function recordOf(id: string, parent: string | undefined, number: number): string {
  const created = new Date(Date.UTC(2013, 0, 1) + number * 60_000).toISOString();
  const run = { Hostname: id.slice(0, 12), User: "", Memory: 0, AttachStdout: true, Env: null };
  const container_config = { ...run, Cmd: ["/bin/sh", "-c", `make step-${number}`], Image: parent ?? "" };
  const comment = number % 10 === 0 ? `step ${number}` : undefined;
  return JSON.stringify({ id, parent, comment, created, container_config, docker_version: "0.3.0" });
}

const storedChecksum = {
  checksum: `sha256:${"0123456789abcdef".repeat(4)}`,
  tarDigest: `sha256:${"fedcba9876543210".repeat(4)}`,
  layerBytes: layerFile.length,
  archiveBytes: 200,
  computedAt: "2013-05-02T15:18:33.000Z",
};

/** A file of many names: a new one is begun when it has as many as the file system allows. */
function linkedFile(directory: string, content: string): Disposable & { linkAt(path: string): void } {
  const path = join(directory, `${Math.random()}.linked`);
  let names = namesPerFile;
  return {
    linkAt(target) {
      if (names >= namesPerFile) {
        rmSync(path, { force: true });
        writeFileSync(path, content, { mode: 0o600 });
        names = 0;
      }
      linkSync(path, target);
      names += 1;
    },
    [Symbol.dispose]() {
      rmSync(path, { force: true });
    },
  };
}

/** Numbers from 0 to 1 (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function hexOf(random: number): string {
  return Math.floor(random * 2 ** 32)
    .toString(16)
    .padStart(8, "0");
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const [, , root, count, seed = "1"] = process.argv;
  if (root === undefined || !/^\d+$/.test(count ?? "") || !/^\d+$/.test(seed)) {
    console.error("usage: node dist-bench/bench/make-graph.js DIR COUNT [SEED]");
    process.exit(2);
  }
  const ids = makeGraph(root, { count: Number(count), seed: Number(seed) });
  console.log(`${ids.length} images in ${root}; the last is ${ids.at(-1) ?? "none"}`);
}
