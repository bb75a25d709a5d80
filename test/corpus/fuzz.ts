// Mutates archives and judges what becomes of them, a few at a time.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { childProcesses } from "../support/processes/child-processes.js";
import { placeCanary } from "./canary.js";
import { type Bench, judge, type Verdict } from "./judge.js";
import type { SplitSums } from "./judge-split.js";
import { type Mutation, mutate, type Seeds } from "./mutate.js";
import { createRandom } from "./random.js";
import { makeSeedArchives } from "./seed-archives.js";

export interface FuzzOptions {
  readonly seed: number;
  /** Their numbers begin at `first`. */
  readonly mutations: number;
  readonly first?: number;
  /** Begin no further mutation after so many milliseconds. */
  readonly mostMs?: number;
  /** Where the archives of failures are written. */
  readonly failures: string;
  /** Called with each failure, and now and then without one. */
  readonly onProgress?: (sums: Sums, failure?: Failure) => void;
  /** Begin no further mutation once this is aborted. */
  readonly signal?: AbortSignal;
}

export interface Failure {
  readonly mutation: number;
  readonly verdict: Verdict;
  readonly history: readonly string[];
  /** The file with the archive. */
  readonly file: string;
}

export interface Sums {
  mutations: number;
  accepted: number;
  readonly refused: Record<string, number>;
  crashes: number;
  hangs: number;
  escapes: number;
  differences: number;
  /** What became of the mutated tar-splits of those that were accepted. */
  readonly splits: SplitSums;
  readonly failures: Failure[];
}

/** How many archives are unpacked at a time. */
const lanes = 3;
/** After so many mutations all lanes pause, and no child process may be left. */
const betweenPauses = 100;

/** Runs the mutations. Leaves nothing but the archives of failures. */
export async function fuzz(options: FuzzOptions): Promise<Sums> {
  const { mutations, first = 0, mostMs = Number.POSITIVE_INFINITY } = options;
  const end = Date.now() + mostMs;
  const directory = mkdtempSync(join(tmpdir(), "stevedore-fuzz-"));
  const other = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "stevedore-fuzz-"));
  const sums: Sums = {
    mutations: 0,
    accepted: 0,
    refused: {},
    crashes: 0,
    hangs: 0,
    escapes: 0,
    differences: 0,
    splits: { same: 0, other: 0, refused: {} },
    failures: [],
  };
  try {
    const benches = Array.from({ length: lanes }, (_, lane): Bench => {
      const around = join(directory, `${lane}`);
      mkdirSync(around);
      return { canary: placeCanary(around), reference: join(other, `${lane}/alone/and/deep`) };
    });
    const trees = join(directory, "trees");
    mkdirSync(trees);
    const { outside } = (benches[0] as Bench).canary;
    const seeds = await makeSeedArchives(trees, outside);
    const before = new Set((await childProcesses()).map(({ pid }) => pid));

    let next = first;
    const isOver = () => options.signal?.aborted || Date.now() >= end;
    while (next < first + mutations && !isOver()) {
      const pause = Math.min(next + betweenPauses, first + mutations);
      const lane = async (bench: Bench) => {
        while (next < pause && !isOver()) await one(next++, bench, seeds, outside, options, sums);
      };
      await Promise.all(benches.map(lane));
      const left = (await childProcesses()).filter(({ pid }) => !before.has(pid));
      if (left.length > 0) throw new Error(`before mutation ${next}: left behind ${JSON.stringify(left)}`);
      options.onProgress?.(sums);
    }
    return sums;
  } finally {
    rmSync(directory, { recursive: true, force: true });
    rmSync(other, { recursive: true, force: true });
  }
}

async function one(
  number: number,
  bench: Bench,
  seeds: Seeds,
  outside: string,
  options: FuzzOptions,
  sums: Sums,
) {
  const mutation = mutate(seeds, createRandom(options.seed, number), { outside });
  const bytes = await compress(mutation);
  const random = createRandom(options.seed + 1, number);
  const verdict = await judge(bench, bytes, { random, sums: sums.splits });
  sums.mutations++;
  if (verdict.kind === "accepted") sums.accepted++;
  else if (verdict.kind === "refused") sums.refused[verdict.code] = (sums.refused[verdict.code] ?? 0) + 1;
  else {
    sums[counters[verdict.kind]]++;
    mkdirSync(options.failures, { recursive: true });
    const file = join(options.failures, `${options.seed}-${number}.archive`);
    writeFileSync(file, bytes);
    const failure = { mutation: number, verdict, history: mutation.history, file };
    sums.failures.push(failure);
    options.onProgress?.(sums, failure);
  }
}

const counters = { crash: "crashes", hang: "hangs", escape: "escapes", difference: "differences" } as const;

async function compress({ plain, compression, damage }: Mutation): Promise<Buffer> {
  if (compression === "none") return plain;
  const args = compression === "gzip" ? ["-nc"] : ["-c"];
  const { stdout } = await execa(compression, args, { input: plain, encoding: "buffer" });
  return damage(Buffer.from(stdout));
}

/** All that went wrong. */
export function countFailures({ crashes, hangs, escapes, differences }: Sums): number {
  return crashes + hangs + escapes + differences;
}
