// What the audit knows of a graph: filled by the one pass over its images, read by the checks that come after.
import { join } from "node:path";
import { isErrno } from "../error.js";
import type { Graph } from "../graph/index.js";
import { withLock } from "../graph/lock.js";
import { mountsDirectory, readMountRecords } from "../mount/mount-record.js";
import { statesDirectory } from "../mount/view-state.js";
import type { Damage } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory } from "./look.js";

export interface Survey {
  readonly graph: Graph;
  readonly root: string;
  /** Every image that can be loaded, with its parent. */
  readonly parents: Map<string, string | null>;
  /** Every image that cannot. */
  readonly broken: Map<string, BrokenImage>;
  /** The images whose checksum.json has a checksum by Docker's recipe, with that. */
  readonly dockerChecksums: Map<string, string>;
  /** Images that could not be read, for lack of a right or an error of the disk. */
  readonly unread: Set<string>;
  /** The images that mounts are made of, be they stale or unmounted with their upper kept. */
  readonly mountedImages: ReadonlySet<string>;
}

export interface BrokenImage {
  readonly what: DamageKind;
  readonly message: string;
  /** The parent its record names; null for none, and where there is no good record. */
  readonly parent: string | null;
}

/** A check of one family of damage. Yields what it finds and changes nothing. */
export type Check = (survey: Survey, signal?: AbortSignal | undefined) => AsyncIterable<Damage>;

export function beginSurvey(graph: Graph): Survey {
  return {
    graph,
    root: graph.root,
    parents: new Map(),
    broken: new Map(),
    dockerChecksums: new Map(),
    unread: new Set(),
    mountedImages: imagesOfMounts(graph),
  };
}

/** How many images were met. */
export function countImages({ parents, broken, unread }: Survey): number {
  return parents.size + broken.size + unread.size;
}

/** The images that the mounts of now are made of. */
export function imagesOfMounts(graph: Graph): Set<string> {
  return new Set(readMountRecords(graph).flatMap(({ images }) => images.map(({ id }) => id)));
}

/** True for an image that the graph has, be it broken. */
export function hasImage({ parents, broken, unread }: Survey, id: string): boolean {
  return parents.has(id) || broken.has(id) || unread.has(id);
}

/** Where an image lies, relative to the root. */
export function imageAt(id: string): string {
  return join("graph", id);
}

/** Runs work while nobody changes that image; undefined if it is gone before. */
export async function withImage<T>(
  { graph }: Survey,
  id: string,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const path = join(graph.directory, id);
  if (!isDirectory(path)) return work();
  try {
    return await withLock(path, work);
  } catch (error) {
    if (isErrno(error, "ENOENT") && !isDirectory(path)) return undefined;
    throw error;
  }
}

/** Runs work while nobody mounts, builds a view or deletes an image. Locks in the order in which a deletion does. */
export async function withMountsAtRest<T>({ graph }: Survey, work: () => Promise<T>): Promise<T> {
  // Where a directory is missing there was never a mount, or a view; it is not made for the lock's sake.
  const locked = (directory: string, inner: () => Promise<T>) =>
    isDirectory(directory) ? withLock(directory, inner) : inner();
  return locked(mountsDirectory(graph), () => locked(statesDirectory(graph), work));
}
