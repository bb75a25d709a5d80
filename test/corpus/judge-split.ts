// Says of mutated tar-splits of a layer whether they come to what they must: an error of one of two codes, the archive,
// or bytes that its digest tells apart; and never a byte from outside of the layer.
import { readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { assembleArchive, type SplitLayer } from "../../src/layer/index.js";
import { StevedoreError } from "../../src/terms/error.js";
import { collect } from "../support/collect.js";
import type { Canary } from "./canary.js";
import { withDeadline } from "./deadline.js";
import type { Random } from "./random.js";
import { mutateSplit, plantedLink } from "./split-mutators.js";

/** What became of mutated tar-splits. */
export interface SplitSums {
  /** The archive came back all the same. */
  same: number;
  /** Other bytes came, which the digest of the archive refuses. */
  other: number;
  readonly refused: Record<string, number>;
}

export interface SplitFailure {
  readonly kind: "crash" | "hang" | "escape";
  readonly detail: string;
}

/** How many mutations there are of each tar-split. */
const tries = 6;
/** Milliseconds. */
const deadline = 30_000;
const codes = new Set(["IMAGE_BROKEN", "CHECKSUM_MISMATCH"]);

/**
 * Tries mutations of a tar-split, with a symlink in its layer that leads out.
 * @param plain the archive
 * @returns the first that went wrong
 */
export async function judgeSplits(
  { layerDirectory, splitPath }: SplitLayer,
  plain: Buffer,
  canary: Canary,
  random: Random,
  sums: SplitSums,
): Promise<SplitFailure | undefined> {
  const split = readFileSync(splitPath);
  const planted = join(layerDirectory, plantedLink);
  rmSync(planted, { recursive: true, force: true });
  symlinkSync(canary.outside, planted);
  for (let left = tries; left > 0; left--) {
    const { history, bytes } = mutateSplit(split, random, { outside: canary.outside });
    writeFileSync(splitPath, bytes);
    const found = await assemble({ layerDirectory, splitPath });
    const detail = (what: string) => `the tar-split (${history.join("; ")}): ${what}`;
    if (found instanceof Error) {
      if (!(found instanceof StevedoreError)) return { kind: "crash", detail: detail(`${found.stack}`) };
      if (found.code === "CANCELLED") return { kind: "hang", detail: detail(`no end after ${deadline} ms`) };
      if (!codes.has(found.code)) return { kind: "crash", detail: detail(`${found.code}: ${found.message}`) };
      sums.refused[found.code] = (sums.refused[found.code] ?? 0) + 1;
    } else if (count(found, "canary") > count(plain, "canary")) {
      return { kind: "escape", detail: detail("it holds what lies outside") };
    } else if (found.equals(plain)) sums.same++;
    else sums.other++;
  }
  const changes = canary.changes();
  return changes.length === 0 ? undefined : { kind: "escape", detail: changes.join("\n") };
}

async function assemble(layer: SplitLayer): Promise<Buffer | Error> {
  try {
    return await withDeadline(deadline, async (signal) =>
      Buffer.concat(await collect(assembleArchive(layer, signal))),
    );
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** How often a text stands in some bytes. */
function count(bytes: Buffer, text: string): number {
  return bytes.toString("latin1").split(text).length - 1;
}
