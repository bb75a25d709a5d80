// Holds what an archive promised against what is on the disk. GNU tar leaves out with a mere warning what a file system
// cannot hold; nothing that a layer says may be lost in silence.
import { type BigIntStats, lstatSync } from "node:fs";
import { isErrno, StevedoreError } from "../../terms/index.js";
import { joinPath, quoteName } from "../tar/index.js";
import { eachWithXattrs, type Xattr } from "../xattrs.js";
import type { Promises } from "./promises.js";
import type { StatPromise } from "./stat-promises.js";
import { valueKey, type XattrPromise, xattrMasks } from "./xattr-promises.js";

/** How many nanoseconds a second has. */
const billion = 1_000_000_000n;

/**
 * Asserts that a directory has what an archive promised that was unpacked into it.
 * @throws `ATTRIBUTE_UNSUPPORTED` naming the first file that lacks something, and what; `INTERNAL`, `TOOL_MISSING`,
 * `CANCELLED`
 */
export async function assertKept(
  directory: string,
  promises: Promises,
  signal?: AbortSignal | undefined,
): Promise<void> {
  for (const lost of lostStats(directory, promises, lostOf)) throw lost;
  for await (const lost of lostXattrs(directory, promises, signal)) throw lost;
}

/** What is lost of kinds and owners: where tar failed on a sound archive, that is why. */
export function findRefusedStat(directory: string, promises: Promises): StevedoreError | undefined {
  for (const lost of lostStats(directory, promises, refusedOf)) return lost;
  return undefined;
}

/** Yields what is lost of kinds, modes, owners and times. */
function* lostStats(
  directory: string,
  promises: Promises,
  find: typeof lostOf,
): Generator<StevedoreError, void, undefined> {
  const base = Buffer.from(directory);
  for (const promise of promises.stats()) {
    // The directory itself may be given as a link to it.
    const how = find(promise, joinPath(base, promise.path === "" ? "." : promise.path));
    if (how !== undefined) yield unsupported(promise.path, how);
  }
}

/** What a path has not of what was promised; undefined if it has all, or if nothing can be told of it. */
function lostOf(promise: StatPromise, path: Buffer): string | undefined {
  const refused = refusedOf(promise, path);
  if (refused !== undefined) return refused;
  const { mode, mtimeNs } = promise;
  const found = lookAt(path);
  if (!("mode" in found)) return undefined;
  const actualMode = Number(found.mode & 0o7777n);
  if (mode !== undefined && mode !== actualMode) {
    return `with the mode ${octal(mode)}, and has ${octal(actualMode)}`;
  }
  if (mtimeNs === undefined || mtimeNs === found.mtimeNs) return undefined;
  return `with the time ${seconds(mtimeNs)}, and has ${seconds(found.mtimeNs)}`;
}

/** The same of kind and owner, over which tar fails. */
function refusedOf({ kind, uid, gid }: StatPromise, path: Buffer): string | undefined {
  const found = lookAt(path);
  if (!("mode" in found)) {
    // A file, a directory or a symlink is missing for other reasons than what the disk can hold, such as its name.
    return found.isMissing && (kind === "device" || kind === "fifo") ? `as a ${kind}` : undefined;
  }
  if (!isOf(kind, found)) return `as a ${kind}`;
  if (uid !== undefined && found.uid !== BigInt(uid)) return `with the owner ${uid}, and has ${found.uid}`;
  if (gid !== undefined && found.gid !== BigInt(gid)) return `with the group ${gid}, and has ${found.gid}`;
  return undefined;
}

function lookAt(path: Buffer): BigIntStats | { readonly isMissing: boolean } {
  try {
    return lstatSync(path, { bigint: true });
  } catch (error) {
    return { isMissing: isErrno(error, "ENOENT") };
  }
}

function isOf(kind: StatPromise["kind"], found: BigIntStats): boolean {
  switch (kind) {
    case "file":
      return found.isFile();
    case "directory":
      return found.isDirectory();
    case "symlink":
      return found.isSymbolicLink();
    case "fifo":
      return found.isFIFO();
    case "device":
      return found.isCharacterDevice() || found.isBlockDevice();
  }
}

/** Yields what is lost of extended attributes. */
async function* lostXattrs(
  directory: string,
  promises: Promises,
  signal: AbortSignal | undefined,
): AsyncGenerator<StevedoreError> {
  const promised = new Map(promises.xattrs());
  const reading = {
    paths: [...promised.keys()],
    masks: xattrMasks(promises.ownership),
    // What its owner may not read is not read here, nor was it ever shown to anybody.
    mayLackRights: promises.ownership === "squashed",
  };
  for await (const [path, found] of eachWithXattrs(directory, reading, signal)) {
    const lost = firstLost(promised.get(path) ?? [], found);
    if (lost === undefined) continue;
    yield unsupported(path, `with its ${quoteAttribute(lost)}`);
  }
}

function firstLost(promised: readonly XattrPromise[], found: readonly Xattr[]): XattrPromise | undefined {
  const values = new Map(found.map((xattr) => [xattr.name, valueKey(xattr)]));
  return promised.find(({ name, value }) => values.get(name) !== value);
}

/** A name that anybody can read stands as it is. */
function quoteAttribute({ name, bytes }: XattrPromise): string {
  return `${/^[\w.-]+$/.test(name) ? name : quoteName(name)} of ${bytes} bytes`;
}

function unsupported(path: string, how: string): StevedoreError {
  const name = quoteName(path === "" ? "." : path);
  const message = `${name} cannot be kept ${how}: the file system or the kernel does not take that`;
  return new StevedoreError("ATTRIBUTE_UNSUPPORTED", message);
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, "0");
}

function seconds(ns: bigint): string {
  const [whole, part] = [ns / billion, ns % billion];
  const sign = ns < 0n && whole === 0n ? "-" : "";
  return `${sign}${whole}.${String(part < 0n ? -part : part).padStart(9, "0")}`;
}
