// Fails a run of the tests that leaves anything of theirs on the host: a mount, a directory, a process.
import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, realpath, rm, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { mountedBelow, unmountBelow } from "./mounts/mounted.js";
import { memoryVariable } from "./scratch-memory.js";

/** The temporary directories of this run alone, on disk and maybe in memory: whatever else the host does, it does elsewhere. */
const directories: string[] = [];
/** Bytes that a file system in memory must have free, so that it will not be full before the tests have ended. */
const roomInMemory = 2 * 1024 ** 3;

export async function setup(): Promise<void> {
  // The processes that run the tests inherit both.
  process.env.TMPDIR = await makeDirectory(await realpath(tmpdir()));
  if (await hasMemory("/dev/shm")) process.env[memoryVariable] = await makeDirectory("/dev/shm");
}

async function makeDirectory(above: string): Promise<string> {
  const directory = await mkdtemp(join(above, "stevedore-tests-"));
  // As /tmp itself: some tests work as another user.
  await chmod(directory, 0o1777);
  directories.push(directory);
  return directory;
}

async function hasMemory(path: string): Promise<boolean> {
  const { bavail, bsize, type } = await statfs(path).catch(() => ({ bavail: 0, bsize: 0, type: 0 }));
  // statfs(2): TMPFS_MAGIC.
  return type === 0x01021994 && bavail * bsize > roomInMemory;
}

export async function teardown(): Promise<void> {
  // A file system in user space is unmounted at once, but its process ends a moment later.
  for (const { pid } of await processes()) await waitForEnd(pid);
  const left = await leftovers();
  for (const directory of directories) {
    unmountBelow(directory);
    await rm(directory, { recursive: true, force: true });
  }
  if (left.length === 0) return;
  // Vitest only reports what a teardown throws.
  process.exitCode = 1;
  throw new Error(`the tests left behind:\n${left.map((line) => `  ${line}`).join("\n")}`);
}

async function leftovers(): Promise<string[]> {
  const left: string[] = [];
  for (const directory of directories) {
    for (const { source, target } of mountedBelow(directory)) {
      left.push(`the mount ${JSON.stringify(source)} on ${JSON.stringify(target)}`);
    }
    const names = (await readdir(directory)).filter((name) => /^(stevedore|podman)-/.test(name));
    left.push(...names.map((name) => `the directory ${JSON.stringify(join(directory, name))}`));
  }
  return [...left, ...(await processes()).map(({ line }) => line)];
}

/** Those of fuse-overlayfs that Stevedore started in this run, its lowers are called `0:1:2…`; and of engines. */
async function processes(): Promise<{ readonly pid: string; readonly line: string }[]> {
  const found: { pid: string; line: string }[] = [];
  for (const pid of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const [program = "", ...args] = (await readFile(`/proc/${pid}/cmdline`, "latin1").catch(() => ""))
      .split("\0")
      .filter((arg) => arg !== "");
    const isLayered = args.some((arg) => /(^|,)lowerdir=0(:\d+)*(,|$)/.test(arg));
    const isFuse = /(^|\/)fuse-overlayfs$/.test(program) && isLayered;
    const isOfEngine = /(^|\/)(dockerd|containerd|containerd-shim[\w-]*|conmon)$/.test(program);
    if (!(isFuse || isOfEngine) || !(await isOfThisRun(pid))) continue;
    found.push({ pid, line: `the process ${pid}: ${[program, ...args].join(" ")}` });
  }
  return found;
}

/** By the temporary directory that it has inherited. Another run may be at work beside this one. */
async function isOfThisRun(pid: string): Promise<boolean> {
  const environment = await readFile(`/proc/${pid}/environ`, "latin1").catch(() => "");
  return environment.split("\0").includes(`TMPDIR=${directories[0]}`);
}

/** Waits until a process has ended, but not for ever: it is told of as a leftover then. */
async function waitForEnd(pid: string): Promise<void> {
  await promisify(execFile)("timeout", ["10", "tail", `--pid=${pid}`, "-f", "/dev/null"]).catch(
    () => undefined,
  );
}
