// Runs Spin on a model: makes the verifier of it, compiles that, and lets it look at all states there are.
import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";

/** What the verifier has found. */
export interface Verdict {
  /** The states it has looked at. */
  readonly states: number;
  /** The assertion that fails, or how the processes wait for each other; undefined if nothing is wrong. */
  readonly fault: string | undefined;
}

const model = join(import.meta.dirname, "sets.pml");

/** What befalls the processes and the disk: how often each at most. */
const nothing = ["KILLS=0", "CUTS=0", "EXPIRIES=0"];
const kill = ["KILLS=1", "CUTS=0", "EXPIRIES=0"];
const powerCut = ["KILLS=0", "CUTS=1", "EXPIRIES=0"];
const expiry = ["KILLS=0", "CUTS=0", "EXPIRIES=1"];

/** The faults that the model is put through, one kind at a time. */
export const faults = {
  "nothing happens": nothing,
  kill,
  "power cut": powerCut,
  "lease that runs out": expiry,
};

/** The locks and syncs that the model can be without, and the least fault by which each is missed. */
export const parts: Readonly<Record<string, readonly string[]>> = {
  SYNC_OF_STAGE: powerCut,
  SYNC_OF_STORE: powerCut,
  SYNC_OF_SET: powerCut,
  SYNC_OF_PRESENT: powerCut,
  SYNC_OF_REMOVAL: powerCut,
  SYNC_OF_NAMES: powerCut,
  SYNC_BEFORE_NAMES: powerCut,
  SYNC_OF_JOURNALS_CONTENT: powerCut,
  SYNC_OF_JOURNAL: powerCut,
  SYNC_OF_FOUND_JOURNAL: ["KILLS=1", "CUTS=1", "EXPIRIES=0", "ONLY_IMPORTS"],
  SYNC_OF_JOURNALS_END: powerCut,
  SYNC_OF_FOUND_END: ["KILLS=1", "CUTS=1", "EXPIRIES=0"],
  LOCK_OF_REFERENCES: nothing,
  LOCK_OF_IMAGES: nothing,
  LEASE: nothing,
  LOOK_AT_LEASE: expiry,
  COMPLETION_FIRST: kill,
};

/**
 * @param defines such as `KILLS=0` or `WITHOUT_LEASE`
 * @param optimization the compiler's: it takes longer than to look at a few hundred thousand states
 * @throws if Spin or the compiler fails, or if not all states could be looked at
 */
export async function checkModel(
  defines: readonly string[],
  optimization: "-O0" | "-O1" = "-O1",
): Promise<Verdict> {
  const directory = await mkdtemp(join(tmpdir(), "stevedore-model-"));
  try {
    const run = (program: string, ...args: string[]) =>
      execa(program, args, { cwd: directory, reject: false, all: true });
    await copyFile(model, join(directory, "sets.pml"));
    const flags = defines.map((each) => `-D${each}`);
    const made = await run("spin", "-a", ...flags, "sets.pml");
    if (made.exitCode !== 0) throw new Error(`spin: ${made.all}`);
    const compiled = await run("gcc", optimization, "-w", "-DSAFETY", "-DCOLLAPSE", "-o", "pan", "pan.c");
    if (compiled.exitCode !== 0) throw new Error(`gcc: ${compiled.all}`);
    const { all = "" } = await run("./pan", "-m200000");
    const fault = /^pan:\d+: (.*)/m.exec(all)?.[1];
    const states = Number(/(\S+) states, stored/.exec(all)?.[1]);
    const isWhole = fault !== undefined || /errors: 0$/m.test(all);
    if (!isWhole || /max search depth too small|out of memory/.test(all)) {
      throw new Error(`not all states were looked at: ${all}`);
    }
    return { states, fault };
  } finally {
    await rm(directory, { recursive: true });
  }
}
