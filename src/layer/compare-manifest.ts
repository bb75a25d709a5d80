// What differs between a layer as it was when its manifest was made and as it is now.

import type { DifferenceKind } from "../terms/index.js";
import { canonicalTar } from "./canonical-tar.js";
import { passThrough } from "./checksum.js";
import { type ManifestEntry, manifestEntries, pathOrder } from "./manifest.js";
import { DamagedManifest, openManifest } from "./manifest-file.js";
import { readablePath } from "./tar/index.js";

/** One way in which one entry differs; an entry may differ in several. */
export interface Difference {
  /** Absolute within the layer. */
  readonly path: string;
  readonly kind: DifferenceKind;
}

export interface Comparison {
  /** The first 1,000, sorted by path. */
  readonly differences: readonly Difference[];
  /** How many more there are. */
  readonly more: number;
}

export interface ComparisonRequest {
  readonly manifestPath: string;
  /** The tar digest that the manifest must be of. */
  readonly tarDigest: string;
  readonly layerDirectory: string;
  /** Told how many bytes of the canonical tar have been read so far. */
  readonly onProgress?: ((tarBytesDone: number) => void) | undefined;
}

/** How many differences are listed; more are only counted. */
const mostListed = 1_000;

/**
 * Reads a layer and its manifest side by side and compares them entry by entry: memory is flat.
 * @returns undefined if there is not a manifest of that tar digest that can be read to its end
 * @throws `INTERNAL` if the layer cannot be read or changes meanwhile; `TOOL_MISSING`, `CANCELLED`
 */
export async function compareManifest(
  { manifestPath, tarDigest, layerDirectory, onProgress }: ComparisonRequest,
  signal?: AbortSignal | undefined,
): Promise<Comparison | undefined> {
  const stored = await openManifest(manifestPath, tarDigest);
  if (stored === undefined) return undefined;
  let done = 0;
  const tar = passThrough(canonicalTar(layerDirectory, signal), ({ length }) => {
    done += length;
    onProgress?.(done);
  });
  const differences: Difference[] = [];
  let more = 0;
  try {
    for await (const difference of differencesBetween(stored, manifestEntries(tar))) {
      if (differences.length < mostListed) differences.push(difference);
      else more += 1;
    }
  } catch (error) {
    if (error instanceof DamagedManifest) return undefined;
    throw error;
  }
  return { differences, more };
}

/** Walks two manifests together, in their common order, and yields what differs. In the end it closes both. */
export async function* differencesBetween(
  stored: AsyncGenerator<ManifestEntry>,
  present: AsyncGenerator<ManifestEntry>,
): AsyncGenerator<Difference, void, undefined> {
  try {
    let [was, is] = [await following(stored), await following(present)];
    while (was !== undefined || is !== undefined) {
      const order = was === undefined ? 1 : is === undefined ? -1 : pathOrder(was.path, is.path);
      const path = readablePath((order > 0 ? is : was)?.path ?? "");
      if (order < 0) yield { path, kind: "missing" };
      else if (order > 0) yield { path, kind: "extra" };
      else if (was !== undefined && is !== undefined) {
        for (const kind of kindsOf(was, is)) yield { path, kind };
      }
      if (order <= 0) was = await following(stored);
      if (order >= 0) is = await following(present);
    }
  } finally {
    await Promise.allSettled([stored.return(undefined), present.return(undefined)]);
  }
}

async function following(entries: AsyncGenerator<ManifestEntry>): Promise<ManifestEntry | undefined> {
  const { done, value } = await entries.next();
  return done ? undefined : value;
}

function kindsOf(was: ManifestEntry, is: ManifestEntry): DifferenceKind[] {
  const kinds: DifferenceKind[] = [];
  // Under which of a file's names tar writes the content is chance: a file and a hard link to it are of one type.
  const sameType = was.type === is.type || (isFile(was) && isFile(is));
  // Of a hard link tar writes neither the content nor the attributes.
  const isTold = was.type === is.type || (was.type !== "hardlink" && is.type !== "hardlink");
  const note = (differs: boolean, kind: DifferenceKind) => {
    if (differs) kinds.push(kind);
  };
  note(was.type === is.type && (was.size !== is.size || was.sha256 !== is.sha256), "content");
  // On Linux the mode of a symlink means nothing.
  note(was.mode !== is.mode && was.type !== "symlink" && is.type !== "symlink", "mode");
  note(was.uid !== is.uid || was.gid !== is.gid, "owner");
  note(was.mtime !== is.mtime, "mtime");
  note(isTold && was.xattrs !== is.xattrs, "xattr");
  note(!sameType, "type");
  note(sameType && (was.target !== is.target || was.device !== is.device), "target");
  return kinds;
}

function isFile({ type }: ManifestEntry): boolean {
  return type === "file" || type === "hardlink";
}
