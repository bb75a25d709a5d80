// What the audit knows of a graph: filled by the one pass over its images, read by the checks that come after.
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { rootEntries, rootPath, withLock } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { readMountRecords } from "../mount/index.js";
import { isErrno, throwIfAborted } from "../terms/index.js";
import type { Damage } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, isThere } from "./probe.js";

/** In ms; once the kernel has let go of a mount, its folder is gone in a tenth of that. */
const patience = 300;

export interface Survey {
  readonly graph: Graph;
  readonly root: string;
  /** Every image that can be loaded, with its parent. */
  readonly parents: Map<string, string | null>;
  /** Every image that cannot. */
  readonly broken: Map<string, BrokenImage>;
  /** The images whose checksum.json has a checksum by Docker's recipe, with that. */
  readonly dockerChecksums: Map<string, string>;
  /**
   * Images that could not be read, for lack of a right or an error of the disk, with their parents; undefined for one whose
   * record cannot be read either.
   */
  readonly unread: Map<string, string | null | undefined>;
  /** What belongs to other hosts, by their names: it was left alone. */
  readonly elsewhere: Map<string, Elsewhere>;
  /** How many images were met. */
  met: number;
}

/** What another host has in the root, alive or not: only that host can tell. */
export interface Elsewhere {
  /** Staging directories. */
  staging: number;
  /** Mounts that were not unmounted. */
  mounts: number;
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
    unread: new Map(),
    elsewhere: new Map(),
    met: 0,
  };
}

/** What is counted of another host. */
export function elsewhereOf({ elsewhere }: Survey, host: string): Elsewhere {
  const counted = elsewhere.get(host) ?? { staging: 0, mounts: 0 };
  elsewhere.set(host, counted);
  return counted;
}

/**
 * A function that tells whether an image is part of a mount as they are now, be it stale or unmounted with its upper
 * kept. Where a record is damaged every image may be.
 */
export function imagesOfMounts(graph: Graph): (id: string) => boolean {
  const directory = rootPath(graph.root, "mounts");
  if (!isDirectory(directory)) return () => isThere(directory);
  let isKnown = true;
  const records = readMountRecords(graph, () => {
    isKnown = false;
  });
  const used = new Set(records.flatMap(({ images }) => images.map(({ id }) => id)));
  return (id) => !isKnown || used.has(id);
}

/** True for an image that the graph has, be it broken. */
export function hasImage({ parents, broken, unread }: Survey, id: string): boolean {
  return parents.has(id) || broken.has(id) || unread.has(id);
}

/** Where an image lies, relative to the root. */
export function imageAt(id: string): string {
  return join(rootEntries.graph.at, id);
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

/** An unmount takes no lock: one that is under way is given a moment to come to its end. @throws `CANCELLED` */
export async function letUnmountsEnd(signal: AbortSignal | undefined): Promise<void> {
  await sleep(patience, undefined, { signal }).catch(() => throwIfAborted(signal));
}

/** Runs work while nobody mounts, builds a view or deletes an image. Locks in the order in which a deletion does. */
export async function withMountsAtRest<T>({ graph }: Survey, work: () => Promise<T>): Promise<T> {
  // Where a directory is missing there was never a mount, or a view; it is not made for the lock's sake.
  const locked = (directory: string, inner: () => Promise<T>) =>
    isDirectory(directory) ? withLock(directory, inner) : inner();
  return locked(rootPath(graph.root, "mounts"), () => locked(rootPath(graph.root, "viewStates"), work));
}
