// Finds out what an upper changes in the layers below it, as `docker diff` tells it.
import type { BigIntStats } from "node:fs";
import { lstat } from "node:fs/promises";
import { ioError } from "../../disk/index.js";
import { type ChangeKind, throwIfAborted } from "../../terms/index.js";
import { byteOrder, childPath, joinPath, readablePath } from "../tar/index.js";
import { readDirectoryXattrs } from "../xattrs.js";
import { readStackDirectory, type StackPart, stackRoot } from "./layer-stack.js";
import { type DeletionForm, openUpper, type Upper, xattrUse } from "./upper.js";

export interface Change {
  readonly kind: ChangeKind;
  /** Absolute, as it is seen in the mount. */
  readonly path: string;
}

/** A directory that is the same as the one below, unless its xattrs differ. */
interface Candidate {
  readonly path: string;
  readonly below: StackPart;
}

/**
 * Compares an upper with the layers below it, sorted by the bytes of the paths.
 *
 * - What the layers do not have is `add`, what they have and the upper has too is `modify`, what the upper hides of
 *   them is `delete`: of a directory that is gone only its own name. An opaque directory deletes every name below
 *   that it does not bring back.
 * - A directory that is in both counts only if it changed itself: mode, owner, mtime or extended attributes.
 * - The root is never listed.
 * @param layerDirectories the layers, topmost first
 * @throws `INTERNAL` for what cannot be read or goes away meanwhile; `TOOL_MISSING`, `CANCELLED`
 */
export async function readChanges(
  upper: Upper,
  layerDirectories: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<Change[]> {
  const changes: { kind: ChangeKind; path: string }[] = [];
  const candidates: Candidate[] = [];
  const root = Buffer.from(upper.directory);
  const readUpper = await openUpper(upper, signal);

  async function compare(path: string, parts: readonly StackPart[], hides: boolean): Promise<void> {
    throwIfAborted(signal);
    const { isOpaque, deleted, written } = await readUpper(path);
    const below = await readStackDirectory(parts);
    const hidesHere = hides || isOpaque;
    const note = (kind: ChangeKind, name: string) => changes.push({ kind, path: childPath(path, name) });
    for (const name of deleted) if (below.delete(name)) note("delete", name);
    for (const { name, isDirectory, isNew } of written) {
      const former = below.get(name);
      below.delete(name);
      const child = childPath(path, name);
      if (former === undefined) note("add", name);
      else if (!isDirectory || !former.isDirectory) note("modify", name);
      else if (await differs(joinPath(root, child), former.parts[0].path)) note("modify", name);
      else candidates.push({ path: child, below: former.parts[0] });
      if (!isDirectory) continue;
      await compare(child, former?.isDirectory ? former.parts : [], hidesHere || isNew);
    }
    if (hidesHere) for (const name of below.keys()) note("delete", name);
  }

  try {
    await compare("", stackRoot(layerDirectories), false);
    for (const path of await withOtherXattrs(upper, layerDirectories, candidates, signal)) {
      changes.push({ kind: "modify", path });
    }
  } catch (error) {
    throw ioError(error, `the changes in ${upper.directory} cannot be read`);
  }
  changes.sort((one, other) => byteOrder(one.path, other.path));
  return changes.map(({ kind, path }) => ({ kind, path: `/${readablePath(path)}` }));
}

/** True if two directories differ in mode, owner or mtime. */
async function differs(one: Buffer, other: Buffer): Promise<boolean> {
  const [a, b] = await Promise.all([lstat(one, { bigint: true }), lstat(other, { bigint: true })]);
  const fields: (keyof BigIntStats)[] = ["mode", "uid", "gid", "mtimeNs"];
  return fields.some((field) => a[field] !== b[field]);
}

/** The paths of the candidates whose extended attributes differ from those of the directory below. */
async function withOtherXattrs(
  { directory: upperDirectory, form }: Upper,
  layerDirectories: readonly string[],
  candidates: readonly Candidate[],
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const ofUpper = await readDirectoryXattrs(
    upperDirectory,
    candidates.map(({ path }) => path),
    ownXattrs,
    signal,
  );
  const differing: string[] = [];
  for (const [layer, directory] of layerDirectories.entries()) {
    const paths = candidates.filter(({ below }) => below.layer === layer).map(({ path }) => path);
    const ofLayer = await readDirectoryXattrs(directory, paths, ownXattrs, signal);
    differing.push(
      ...paths.filter((path) => shown(ofUpper.get(path), form) !== shown(ofLayer.get(path), form)),
    );
  }
  return differing;
}

/** The attributes that a layer can hold. */
const ownXattrs = ["user.*", "security.capability"];

/** The attributes as one text, without those that the driver keeps for itself. */
function shown(attributes: readonly string[] | undefined, form: DeletionForm): string {
  const hidden = xattrUse[form].own.map((mask) => mask.slice(0, -1));
  const seen = (attributes ?? []).filter(
    (attribute) => !hidden.some((beginning) => attribute.startsWith(beginning)),
  );
  return JSON.stringify(seen);
}
