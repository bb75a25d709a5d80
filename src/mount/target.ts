// The directory that an image is mounted on. Job data is hostile and this process is root: the target is opened
// first, then checked and mounted on through its descriptor, so that nobody can exchange it in between.
import { constants, mkdirSync, realpathSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, readlink, realpath, rmdir } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ioError, rootEntryOf } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";
import { hasMark, isHere, isMountId, type MountRecord, readMountRecords } from "./mount-record.js";
import { readMountTable } from "./mount-table.js";

/** An existing, empty directory on which nothing is mounted. */
export interface OpenTarget extends AsyncDisposable {
  /** Absolute, links resolved. */
  readonly path: string;
  /** A path through a descriptor, which leads to it even when it has been moved. */
  readonly at: string;
  /** Whether it was made just now. */
  readonly isMade: boolean;
}

const { O_RDONLY, O_DIRECTORY, O_NOFOLLOW } = constants;

/**
 * Opens a target; the last part of its path is made if it is missing.
 * @param allowed directories below which it may lie
 * @param check throws for a path that will not do, links resolved
 * @throws `TARGET_FORBIDDEN` for one that lies elsewhere, is not a directory or not empty, or whose parent is missing;
 * `ALREADY_MOUNTED`
 */
export async function openTarget(
  path: string,
  allowed: readonly string[],
  check: (real: string) => void,
): Promise<OpenTarget> {
  const roots = allowed.map(makeRoot);
  const resolved = await resolveTarget(path);
  const parent = await openDirectory(dirname(resolved), path);
  let isMade = false;
  try {
    const real = join(await pathOf(parent), basename(resolved));
    assertAllowed(real, path, roots);
    check(real);
    assertNothingMounted(real);
    const through = join(descriptorOf(parent), basename(resolved));
    isMade = await makeDirectory(through, path);
    const target = await openDirectory(through, path);
    const at = descriptorOf(target);
    const close = () => target.close();
    try {
      await assertEmpty(at, path);
      return { path: real, at, isMade, [Symbol.asyncDispose]: close };
    } catch (error) {
      await close();
      if (isMade) await rmdir(through).catch(() => undefined);
      throw error;
    }
  } finally {
    await parent.close();
  }
}

/** @throws `ALREADY_MOUNTED` if something is mounted there, or another mount of ours is about to be */
export function assertFree(graph: Graph, target: string): void {
  assertNothingMounted(target);
  const holder = holders(graph).find((record) => record.target === target);
  if (holder !== undefined) throw alreadyMounted(target, `the mount ${holder.mountId} has it`);
}

/** @throws `TARGET_FORBIDDEN` for a path inside what the graph keeps for itself, or inside another mount of ours */
export function assertOutside(graph: Graph, target: string): void {
  const root = realpathSync(graph.root);
  const isOwn = isBelow(target, root) && isKeptByRoot(target.slice(root.length + 1));
  const others = [
    ...readMountTable().filter(({ source }) => source.startsWith("stevedore:")),
    ...holders(graph),
  ];
  const around = others.find(({ target: above }) => isBelow(target, above));
  if (!isOwn && around === undefined) return;
  const what = isOwn ? "what the graph keeps for itself" : `the mounted image at ${around?.target}`;
  throw new StevedoreError("TARGET_FORBIDDEN", `the target ${target} lies inside ${what}`);
}

/**
 * The mounts whose targets are taken. What another host has mounted outside the root is on a path of its own, which
 * means something else here.
 */
function holders(graph: Graph): MountRecord[] {
  const root = realpathSync(graph.root);
  return readMountRecords(graph).filter(
    (record) =>
      !hasMark(graph, record.mountId, "kept") && (isHere(graph, record) || isBelow(record.target, root)),
  );
}

/**
 * True for a path on or in what the root keeps for itself. Of that only `mounts` has room for targets: beside the mounts'
 * own folders, and what belongs to all of them, which has a colon first.
 * @param path relative to the root
 */
function isKeptByRoot(path: string): boolean {
  const entry = rootEntryOf(path);
  if (entry !== "mounts") return entry !== undefined;
  const [, name] = path.split("/");
  return name === undefined || isMountId(name) || name.startsWith(":");
}

/** The path with its links resolved; the last part of it may be missing. */
async function resolveTarget(path: string): Promise<string> {
  const whole = await realpath(path).catch(() => undefined);
  if (whole !== undefined) return whole;
  const parent = await realpath(dirname(path)).catch(() => dirname(path));
  return join(parent, basename(path));
}

/** The directory with its links resolved, made if it is missing. */
export function makeRoot(path: string): string {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    return realpathSync(path);
  } catch (error) {
    throw ioError(error, `the directory ${path} cannot be mounted in`) as Error;
  }
}

function assertAllowed(real: string, path: string, roots: readonly string[]): void {
  if (roots.some((root) => isBelow(real, root))) return;
  throw new StevedoreError(
    "TARGET_FORBIDDEN",
    `the target ${path} does not lie below ${roots.join(" or ")}: start the worker with --mount-dir`,
  );
}

function isBelow(path: string, root: string): boolean {
  return path !== root && path.startsWith(root === "/" ? "/" : `${root}/`);
}

function assertNothingMounted(path: string): void {
  const there = readMountTable().findLast(({ target }) => target === path);
  if (there !== undefined) throw alreadyMounted(path, `${there.source} (${there.type}) is mounted there`);
}

function alreadyMounted(path: string, why: string): StevedoreError {
  return new StevedoreError("ALREADY_MOUNTED", `the target ${path} is taken: ${why}`);
}

async function openDirectory(path: string, named: string): Promise<FileHandle> {
  try {
    return await open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    throw new StevedoreError(
      "TARGET_FORBIDDEN",
      `the target ${named} cannot be used: ${whatIsWrong(error)}`,
      {
        cause: error,
      },
    );
  }
}

async function makeDirectory(path: string, named: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw new StevedoreError(
      "TARGET_FORBIDDEN",
      `the target ${named} cannot be made: ${whatIsWrong(error)}`,
      {
        cause: error,
      },
    );
  }
}

function whatIsWrong(error: unknown): string {
  if (isErrno(error, "ENOENT")) return "the directory it would lie in is not there";
  if (isErrno(error, "ENOTDIR", "ELOOP")) return "it is not a directory";
  return (error as Error).message;
}

async function assertEmpty(at: string, named: string): Promise<void> {
  const names = await readdir(at);
  if (names.length === 0) return;
  throw new StevedoreError(
    "TARGET_FORBIDDEN",
    `the target ${named} is not empty: it holds ${names
      .slice(0, 3)
      .map((name) => JSON.stringify(name))
      .join(", ")}${names.length > 3 ? " …" : ""}`,
  );
}

function descriptorOf(file: FileHandle): string {
  return `/proc/${process.pid}/fd/${file.fd}`;
}

async function pathOf(file: FileHandle): Promise<string> {
  return readlink(descriptorOf(file));
}
