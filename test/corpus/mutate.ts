// One mutation of one archive, decided by its random numbers alone: of its structure, of its bytes, of both; before it
// is compressed, and after.

import { blockSize } from "../../src/layer/tar/header.js";
import type { Compression } from "../../src/terms/index.js";
import { createMutators, type Hints } from "./mutators.js";
import type { Random } from "./random.js";
import { randomArchive } from "./random-archive.js";
import type { SeedArchive } from "./seed-archives.js";
import { putTogether, takeApart } from "./tar-surgery.js";

export interface Mutation {
  /** Which archive it was, and what was done to it. */
  readonly history: readonly string[];
  readonly plain: Buffer;
  readonly compression: Compression;
  /** What to do to the compressed bytes. */
  damage(compressed: Buffer): Buffer;
}

/** Archives to mutate: every second one is of the corpus. */
export interface Seeds {
  readonly made: readonly SeedArchive[];
  readonly crafted: readonly SeedArchive[];
}

/** Larger ones are cut off. */
const mostBytes = 1024 * 1024;

/** Mostly none: the programs that decompress cost more than all the rest. */
const compressions: readonly Compression[] = [
  ...Array<Compression>(14).fill("none"),
  ...Array<Compression>(3).fill("gzip"),
  ...["bzip2" as const, "xz" as const, "zstd" as const],
];

export function mutate(seeds: Seeds, random: Random, hints: Hints): Mutation {
  const isRandom = random.chance(0.25);
  const seed = isRandom
    ? { name: "a random archive", bytes: randomArchive(random, hints.outside) }
    : random.pick(random.chance(0.5) ? seeds.made : seeds.crafted);
  const history = [seed.name];
  const mutators = createMutators(random, hints, () =>
    random.pick(random.chance(0.5) ? seeds.made : seeds.crafted),
  );
  const structural = Object.entries(mutators.structural);
  const blind = Object.entries(mutators.blind);
  let bytes = seed.bytes;
  for (let left = isRandom ? random.below(2) : 1 + random.below(3); left > 0; left--) {
    if (random.chance(0.8)) {
      const [name, mutator] = random.pick(structural);
      const pieces = takeApart(bytes);
      if (pieces.some(({ isEntry }) => isEntry)) bytes = putTogether(mutator(pieces));
      history.push(name);
    } else {
      const [name, mutator] = random.pick(blind);
      if (bytes.length > blockSize) bytes = mutator(bytes);
      history.push(name);
    }
  }
  const compression = random.pick(compressions);
  const isDamaged = compression !== "none" && random.chance(0.5);
  if (compression !== "none") history.push(compression);
  const [name, damage] = random.pick(blind);
  if (isDamaged) history.push(name);
  return {
    history,
    plain: bytes.subarray(0, mostBytes),
    compression,
    damage: (compressed) => (isDamaged && compressed.length > 1 ? damage(compressed) : compressed),
  };
}
