// A mount as it lies on disk: `mounts/<mountId>/mount.json`, written whole before anything is mounted and never changed.
//
// Beside it a mark, an empty file, says how far it came: `mounted` once the mount was complete, `kept` once it was
// unmounted with its upper left. What is really mounted only the kernel knows.
import { existsSync, lstatSync, readdirSync } from "node:fs";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { ioError, readPlainFile, rootPath, syncDirectory, writeDurably } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { isErrno, mountDriverNames, StevedoreError } from "../terms/index.js";
import { driverOf } from "./drivers/index.js";
import type { TableEntry } from "./mount-table.js";

const schema = z.object({
  mountId: z.string(),
  /**
   * The mounted image and its ancestors, itself first, each with the inode of its layer, which another of that id has not.
   * The inode is empty for an image that is no part of the stack: the config of an imported image.
   */
  images: z.array(z.object({ id: z.string(), inode: z.string() })).min(1),
  driver: z.enum(mountDriverNames),
  /** Absolute, links resolved. */
  target: z.string(),
  isWritable: z.boolean(),
  /** Whether the target was made for this mount. */
  madeTarget: z.boolean(),
  /** The job that mounts: when it runs again after a crash, it finds its mount by this. */
  jobId: z.string().optional(),
  /** The process that mounts, see `Owner`; its host stands apart, so that older versions know their own form. */
  owner: z.string(),
  /** The host that has the mount, by the name it goes by; absent where it was written before hosts had one. */
  host: z.string().optional(),
  /** RFC 3339. */
  createdAt: z.string(),
});
export type MountRecord = Readonly<z.infer<typeof schema>>;

export type Mark = "mounted" | "kept";

/** The images of the mount that have a layer in its stack, topmost first. */
export function imagesInStack({ images }: Pick<MountRecord, "images">): MountRecord["images"] {
  return images.filter(({ inode }) => inode !== "");
}

/** True for a name that a mount has. */
export function isMountId(name: string): boolean {
  return /^[0-9a-f]{16}$/.test(name);
}

/** What lies in a mount's own directory. */
export function mountPaths(directory: string) {
  return {
    record: join(directory, "mount.json"),
    rootfs: join(directory, "rootfs"),
    upper: join(directory, "upper"),
    work: join(directory, "work"),
    none: join(directory, "none"),
    plain: join(directory, "plain"),
  };
}

/** A mount's own directory. */
export function ownDirectory(graph: Graph, mountId: string): string {
  return rootPath(graph.root, "mounts", mountId);
}

/** The name of a mount in the mount table, for drivers that can give it one. */
export function sourceName(mountId: string): string {
  return `stevedore:${mountId}`;
}

/** Reads all records, sorted by id. One that cannot be read is left out, and `warn` gets a line about it. */
export function readMountRecords(graph: Graph, warn: (line: string) => void = () => {}): MountRecord[] {
  return mountIds(graph).flatMap((mountId) => {
    try {
      const record = readMountRecord(graph, mountId);
      return record === undefined ? [] : [record];
    } catch (error) {
      warn((error as Error).message);
      return [];
    }
  });
}

/** The ids of all mounts that have a directory, sorted. */
function mountIds(graph: Graph): string[] {
  try {
    return readdirSync(rootPath(graph.root, "mounts")).filter(isMountId).sort();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw ioError(error, `the mounts of ${graph.root} cannot be read`);
  }
}

/** Reads one record; undefined if it is gone. @throws `INTERNAL` if it is damaged */
export function readMountRecord(graph: Graph, mountId: string): MountRecord | undefined {
  const path = mountPaths(ownDirectory(graph, mountId)).record;
  try {
    // A link to a folder elsewhere is not a mount's folder.
    const isFolder = lstatSync(ownDirectory(graph, mountId)).isDirectory();
    return schema.parse(JSON.parse(`${isFolder ? readPlainFile(path) : undefined}`));
  } catch (error) {
    if (isErrno(error, "ENOENT") && !existsSync(ownDirectory(graph, mountId))) return undefined;
    const message = `the record ${path} of a mount is damaged: ${(error as Error).message}`;
    throw new StevedoreError("INTERNAL", message, { cause: error });
  }
}

/** The host that has a mount. A record that names none is of a root that one host has. */
export function hostOf(graph: Graph, { host = graph.host }: MountRecord): string {
  return host;
}

/** True for a mount of this host: of others the kernel here knows nothing. */
export function isHere(graph: Graph, record: MountRecord): boolean {
  return hostOf(graph, record) === graph.host;
}

/** Writes a record into a directory that is to become the mount's own. Durably: its upper will hold what people write. */
export async function writeMountRecord(directory: string, record: MountRecord): Promise<void> {
  await writeDurably(mountPaths(directory).record, JSON.stringify(record));
}

/** Sets a mark durably: a mount without its mark is taken back after a crash. */
export async function setMark(graph: Graph, mountId: string, mark: Mark): Promise<void> {
  await writeFile(join(ownDirectory(graph, mountId), mark), "");
  await syncDirectory(ownDirectory(graph, mountId));
}

export async function clearMark(graph: Graph, mountId: string, mark: Mark): Promise<void> {
  await rm(join(ownDirectory(graph, mountId), mark), { force: true });
}

export function hasMark(graph: Graph, mountId: string, mark: Mark): boolean {
  return existsSync(join(ownDirectory(graph, mountId), mark));
}

/** True once a mount was complete. */
export function isComplete(graph: Graph, mountId: string): boolean {
  return hasMark(graph, mountId, "mounted") || hasMark(graph, mountId, "kept");
}

/** The kernel's entry of a mount, wherever its target has been moved to. */
export function entryOf(
  { mountId, target, driver }: MountRecord,
  table: readonly TableEntry[],
): TableEntry | undefined {
  return driverOf(driver).entryOf({ source: sourceName(mountId), target }, table);
}

/** True if a mount is there: the kernel has it or, for a driver that only writes a directory, that directory is there. */
export function isMounted(record: MountRecord, table: readonly TableEntry[]): boolean {
  const { isKernelMount } = driverOf(record.driver);
  return isKernelMount ? entryOf(record, table) !== undefined : existsSync(record.target);
}
