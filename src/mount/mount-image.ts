// How an image is mounted. Its folder is made in staging, and put in its place under the lock of the mounts; only then it is
// mounted. So every mount has a record, whenever this process dies.
import { randomBytes } from "node:crypto";
import { accessSync, constants, mkdirSync } from "node:fs";
import { rename, rmdir } from "node:fs/promises";
import { join, relative } from "node:path";
import {
  currentOwner,
  formatOwner,
  inodeOf,
  ioError,
  rootPath,
  syncDirectory,
  withLock,
  withStage,
} from "../disk/index.js";
import { type Graph, type Image, imageNotFound, withContent } from "../graph/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";
import { assertTakes, chooseDriver, type DriverChoice } from "./drivers/index.js";
import { makeUpper } from "./fresh-upper.js";
import {
  entryOf,
  type MountRecord,
  mountPaths,
  ownDirectory,
  setMark,
  sourceName,
  writeMountRecord,
} from "./mount-record.js";
import { readMountTable } from "./mount-table.js";
import { assertFree, assertOutside, makeRoot, type OpenTarget, openTarget } from "./target.js";
import { undoMount } from "./unmount-image.js";
import { copyPlain, findNotes, linkLowers, prepareViews } from "./views/index.js";

export interface MountRequest {
  /** An image's id or a unique prefix of one. */
  readonly id: string;
  /** Absolute. By default a directory is made. */
  readonly target?: string | undefined;
  readonly isReadOnly?: boolean | undefined;
  readonly driver?: DriverChoice | undefined;
  /** Options of any file system, such as `noexec`; they come after the defaults `nodev` and `nosuid`. */
  readonly options?: readonly string[] | undefined;
  readonly jobId?: string | undefined;
}

/** A lower of the mount, a layer or its view, with the image that it is of. */
interface Lower {
  readonly id: string;
  readonly path: string;
  /** Whether it has what the driver would take for its own notes: the mount gets a copy without. */
  readonly hasNotes: boolean;
}

/**
 * Mounts an image and returns the mount's record.
 * @param targets the directories below which a target may lie; a target that is not named is made in the first
 * @throws as the method `mount` of `Mounts`
 */
export async function mountImage(
  graph: Graph,
  targets: readonly string[],
  request: MountRequest,
  signal?: AbortSignal | undefined,
): Promise<MountRecord> {
  const history = await graph.history(request.id);
  const driver = await chooseDriver(request.driver);
  const stack = withContent(history);
  assertTakes(driver, stack.length, history[0]?.id ?? "");
  const mountId = randomBytes(8).toString("hex");
  // The target comes first: nothing is made for one that is refused.
  await using target = await chooseTarget(graph, targets, request.target, mountId);
  const isWritable = driver.deletions !== undefined && !(request.isReadOnly ?? false);
  const record: MountRecord = {
    mountId,
    images: history.map((image) => ({
      id: image.id,
      inode: stack.includes(image) ? (inodeOf(image.layerDirectory) ?? "") : "",
    })),
    driver: driver.name,
    target: target.path,
    isWritable,
    madeTarget: target.isMade,
    ...(request.jobId === undefined ? {} : { jobId: request.jobId }),
    owner: formatOwner(await currentOwner()),
    host: graph.host,
    createdAt: new Date().toISOString(),
  };
  const layers = stack.map(({ layerDirectory }) => layerDirectory);
  let names: readonly string[];
  try {
    const paths = driver.takesViews ? await prepareViews(graph, stack, signal) : layers;
    const notes = driver.heedsUserXattrs ? await findNotes(graph, stack, paths.length, signal) : [];
    const lowers = paths.map((path, at) => ({ id: stack[at]?.id ?? "", path, hasNotes: notes[at] ?? false }));
    names = await reserve(graph, record, history, lowers, signal);
  } catch (error) {
    if (target.isMade) await rmdir(target.path).catch(() => undefined);
    // Awaited here: the target is closed when this function ends.
    return await unlessDeleted(error, graph, history);
  }
  const flags = ["nodev", "nosuid", ...(isWritable ? [] : ["ro"]), ...(request.options ?? [])];
  const order = {
    source: sourceName(mountId),
    target: target.at,
    links: rootPath(graph.root, "lowerLinks"),
    lowers: names,
    own: ownFromLinks(graph, mountId),
    layers,
    isWritable,
    flags,
  };
  // Once a mount is reported, its record, and what is written to it, outlive a power cut.
  const lasting = syncDirectory(rootPath(graph.root, "mounts"));
  lasting.catch(() => undefined);
  try {
    await driver.mount(order, signal);
    assertInPlace(record);
    if (!flags.includes("ro")) assertTakesWrites(record);
    await lasting;
    await setMark(graph, mountId, "mounted");
    return record;
  } catch (error) {
    await lasting.catch(() => undefined);
    await undoMount(graph, record);
    throw named(error, record, target);
  }
}

/** Throws the error, or that an image was deleted meanwhile: then that is why. */
async function unlessDeleted(error: unknown, graph: Graph, history: readonly Image[]): Promise<never> {
  for (const { id } of history) if (!(await graph.exists(id))) throw imageNotFound(id);
  throw error;
}

/** The target that was named, or one of the mount's own; under the default directory that is in the mount's folder. */
async function chooseTarget(
  graph: Graph,
  targets: readonly string[],
  named: string | undefined,
  mountId: string,
): Promise<OpenTarget> {
  const [first = ""] = targets;
  if (named === undefined && first === rootPath(graph.root, "mounts")) {
    const path = mountPaths(join(makeRoot(first), mountId)).rootfs;
    return { path, at: path, isMade: true, [Symbol.asyncDispose]: async () => undefined };
  }
  return openTarget(named ?? join(first, mountId), targets, (path) => assertOutside(graph, path));
}

/**
 * Makes the mount's folder and puts it in its place. Under the lock, which a deletion takes too: an image that is there
 * now is not deleted without its mount being seen.
 * @returns the lowers as paths from the directory of links
 */
async function reserve(
  graph: Graph,
  record: MountRecord,
  history: readonly Image[],
  lowers: readonly Lower[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { mountId, target } = record;
  try {
    mkdirSync(rootPath(graph.root, "mounts"), { recursive: true, mode: 0o700 });
    return await withStage(graph, async (stage) => {
      // While the lock is waited for, which is asked for first.
      const filling = Promise.resolve().then(() => fillFolder(graph, stage, record, lowers, signal));
      filling.catch(() => undefined);
      const putInPlace = async () => {
        await filling;
        for (const { id } of history) if (!(await graph.exists(id))) throw imageNotFound(id);
        // Nobody else can have a target in the mount's own folder.
        if (!target.endsWith(`/${mountId}/rootfs`)) assertFree(graph, target);
        await rename(stage, ownDirectory(graph, mountId));
      };
      try {
        await withLock(rootPath(graph.root, "mounts"), putInPlace, signal);
      } finally {
        await filling.catch(() => undefined);
      }
      return filling;
    });
  } catch (error) {
    throw ioError(error, `the mount of image ${history[0]?.id} cannot be prepared`);
  }
}

/** Fills the folder, and returns what `reserve` returns. */
async function fillFolder(
  graph: Graph,
  directory: string,
  record: MountRecord,
  lowers: readonly Lower[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const { isWritable } = record;
  const { rootfs, upper, work, none, plain } = mountPaths(directory);
  // An empty lower, for a driver that wants another one.
  for (const path of [rootfs, isWritable ? work : none]) mkdirSync(path);
  for (const [at, { path, hasNotes }] of lowers.entries()) {
    if (!hasNotes) continue;
    mkdirSync(plain, { recursive: true });
    await copyPlain(path, join(plain, `${at}`), signal);
  }
  const [top = { id: "", path: "", hasNotes: false }] = lowers;
  const lower = top.hasNotes ? join(plain, "0") : top.path;
  const making = isWritable ? makeUpper(graph, top.id, lower, upper, signal) : undefined;
  making?.catch(() => undefined);
  const names = nameLowers(graph, record.mountId, lowers);
  await writeMountRecord(directory, record);
  await making;
  return names;
}

/** The lowers as paths from the directory of links: the copies lie in the mount's own folder. */
function nameLowers(graph: Graph, mountId: string, lowers: readonly Lower[]): string[] {
  const shared = linkLowers(
    graph,
    lowers.filter(({ hasNotes }) => !hasNotes).map(({ path }) => path),
  );
  return lowers.map(({ hasNotes }, at) =>
    hasNotes ? join(mountPaths(ownFromLinks(graph, mountId)).plain, `${at}`) : (shared.shift() ?? ""),
  );
}

/** A mount's own folder as a path from the directory of links. */
function ownFromLinks(graph: Graph, mountId: string): string {
  return relative(rootPath(graph.root, "lowerLinks"), ownDirectory(graph, mountId));
}

/** A mount follows the directory that was opened; if that was moved meanwhile, it is not what was asked for. */
function assertInPlace(record: MountRecord): void {
  const entry = entryOf(record, readMountTable());
  if (entry === undefined || entry.target === record.target) return;
  throw new StevedoreError("MOUNT_FAILED", `the target was moved to ${entry.target} meanwhile`);
}

/** On a full disk the kernel mounts an overlay read-only, and says so in its log alone. */
function assertTakesWrites({ target }: MountRecord): void {
  try {
    accessSync(target, constants.W_OK);
  } catch (error) {
    if (!isErrno(error, "EROFS")) return;
    const message = "the disk had no room for the mount's work, and the kernel mounted it read-only";
    throw new StevedoreError("NO_SPACE", message, { cause: error });
  }
}

/** The error with the target's own path, and saying what was to be mounted where. */
function named(error: unknown, { images, target }: MountRecord, { at }: OpenTarget): unknown {
  if (!(error instanceof StevedoreError) || error.code === "CANCELLED") return error;
  const why = error.message.replaceAll(at, target);
  const message = `the image ${images[0]?.id} cannot be mounted on ${target}: ${why}`;
  return new StevedoreError(error.code, message, { cause: error });
}
