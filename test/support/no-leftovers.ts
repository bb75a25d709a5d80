// Fails a run of the tests that leaves anything of theirs on the host: a mount, a directory, a process.
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { mountedBelow, unmountBelow } from "./mounts/mounted.js";

/** The temporary directory of this run alone: whatever else the host does, it does elsewhere. */
let directory = "";

export async function setup(): Promise<void> {
  directory = await mkdtemp(join(await realpath(tmpdir()), "stevedore-tests-"));
  // As /tmp itself: some tests work as another user.
  await chmod(directory, 0o1777);
  // The processes that run the tests inherit it.
  process.env.TMPDIR = directory;
}

export async function teardown(): Promise<void> {
  // A file system in user space is unmounted at once, but its process ends a moment later.
  for (const { pid } of await fuseProcesses()) await waitForEnd(pid);
  const left = await leftovers();
  unmountBelow(directory);
  await rm(directory, { recursive: true, force: true });
  if (left.length === 0) return;
  // Vitest only reports what a teardown throws.
  process.exitCode = 1;
  throw new Error(`the tests left behind:\n${left.map((line) => `  ${line}`).join("\n")}`);
}

async function leftovers(): Promise<string[]> {
  const mounts = mountedBelow(directory).map(
    ({ source, target }) => `the mount ${JSON.stringify(source)} on ${JSON.stringify(target)}`,
  );
  const names = (await readdir(directory)).filter((name) => name.startsWith("stevedore-"));
  const directories = names.map((name) => `the directory ${JSON.stringify(join(directory, name))}`);
  const processes = (await fuseProcesses()).map(({ line }) => line);
  return [...mounts, ...directories, ...processes];
}

/** The processes of fuse-overlayfs that Stevedore started in this run: its lowers are called `0:1:2…`. */
async function fuseProcesses(): Promise<{ readonly pid: string; readonly line: string }[]> {
  const found: { pid: string; line: string }[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [program = "", ...args] = (await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => ""))
      .split("\0")
      .filter((arg) => arg !== "");
    const isOurs = args.some((arg) => /(^|,)lowerdir=0(:\d+)*(,|$)/.test(arg)) && (await isOfThisRun(pid));
    if (!/(^|\/)fuse-overlayfs$/.test(program) || !isOurs) continue;
    found.push({ pid, line: `the process ${pid}: ${[program, ...args].join(" ")}` });
  }
  return found;
}

/** By the temporary directory that it has inherited. Another run may be at work beside this one. */
async function isOfThisRun(pid: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.split("\0").includes(`TMPDIR=${directory}`);
}

/** Waits until a process has ended, but not for ever: it is told of as a leftover then. */
async function waitForEnd(pid: string): Promise<void> {
  await promisify(execFile)("timeout", ["10", "tail", `--pid=${pid}`, "-f", "/dev/null"]).catch(
    () => undefined,
  );
}
