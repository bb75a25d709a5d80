// How old files are where a clock may have been set since they were made. Each host notes in the root how far the clock on the
// wall is ahead of the kernel's monotonic one, which nobody sets; where that has grown, the clock was set forward in between.
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeDirectory } from "./make-directory.js";
import { rootPath } from "./root-paths.js";

/** A clock that was set forward. */
interface Step {
  /** When that was noticed, in ms by the monotonic clock. */
  readonly since: number;
  /** By how much, in ms. */
  readonly by: number;
}

/** What a host notes in `run/clocks/<host>`. */
interface ClockNote {
  /** The boot whose monotonic clock this is. */
  readonly bootId: string;
  /** How far the clock on the wall is ahead of the monotonic one, in ms. */
  readonly offset: number;
  /** The oldest first. */
  readonly steps: readonly Step[];
}

/** What is no step, in ms: two clocks are not read at once. */
const leastStep = 2_000;
const mostSteps = 50;

/** Of roots that cannot be written, too. */
const noted = new Map<string, ClockNote>();

/**
 * Notes the clock, and returns what tells how long ago, in ms, a time of a file was at least: the steps of the clock that this
 * host has noticed since it booted are taken off. Without a step it is what the clock says.
 * @param host the name this host goes by
 */
export function openAges(root: string, host: string): (time: number) => number {
  const path = rootPath(root, "clocks", host);
  const now = Date.now();
  const monotonic = Number(process.hrtime.bigint() / 1_000_000n);
  const bootId = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
  const offset = now - monotonic;
  const last = [readNote(path), noted.get(path)].find((note) => note?.bootId === bootId);
  const by = offset - (last?.offset ?? offset);
  const steps = [...(last?.steps ?? []), ...(by > leastStep ? [{ since: monotonic, by }] : [])];
  const note = { bootId, offset, steps: steps.slice(-mostSteps) };
  noted.set(path, note);
  if (last === undefined || Math.abs(by) > leastStep) writeNote(path, note);
  return (time) => {
    let age = now - time;
    for (const { since, by } of note.steps.toReversed()) {
      const elapsed = monotonic - since;
      // Made after it, or perhaps so.
      if (age <= elapsed) break;
      age = Math.max(elapsed, age - by);
    }
    return age;
  };
}

function readNote(path: string): ClockNote | undefined {
  try {
    const { bootId, offset, steps } = JSON.parse(readFileSync(path, "utf8")) as Partial<ClockNote>;
    if (typeof bootId !== "string" || typeof offset !== "number" || !Array.isArray(steps)) return undefined;
    const isStep = ({ since, by }: Step) => typeof since === "number" && typeof by === "number";
    return { bootId, offset, steps: steps.filter(isStep) };
  } catch {
    return undefined;
  }
}

/** Not durably: after a power cut another boot counts. Who may not write remembers it as long as it runs. */
function writeNote(path: string, note: ClockNote): void {
  const temporary = `${path}.${process.pid}.new`;
  try {
    makeDirectory(dirname(path), 0o700);
    writeFileSync(temporary, JSON.stringify(note), { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // As on a full disk, or a root of another user.
  }
}
