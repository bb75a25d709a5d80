// Reckons what of an image is stored and never seen: the files that a later layer replaces or deletes.
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../terms/index.js";
import { bytesBelow } from "./diff.js";
import type { ImageContents } from "./image-contents.js";
import type { FileInfo, LayerDirectory } from "./layer-tree.js";
import { mergeParts, type Part, type Seen, seenIn, sorted } from "./merge.js";
import { pathIn, spellPath } from "./path-spelling.js";
import { namesOf } from "./resolve.js";

/** A path that wastes. */
export interface WastedFile {
  /** Spelled as `spell` does. */
  readonly path: string;
  /** The bytes of its files that are not seen. */
  readonly bytes: number;
  /** How many layers have a file there that is not seen. */
  readonly times: number;
  /** True if nothing is seen at the path in the end. */
  readonly isGone: boolean;
}

/** A layer's part in it. */
export interface LayerWaste {
  /** The id of the image that the layer is of. */
  readonly id: string;
  /** Bytes of its files, one of several names counted once. */
  readonly bytes: number;
  /** Those that are not seen in the image. */
  readonly wastedBytes: number;
}

export interface Waste {
  /** 0 to 1, by the rule of `dive`. */
  readonly efficiency: number;
  /** Bytes of the files of all layers. */
  readonly totalBytes: number;
  /** Bytes of those that are not seen in the image. */
  readonly wastedBytes: number;
  /** Topmost first. */
  readonly layers: readonly LayerWaste[];
  /** The worst first. */
  readonly files: readonly WastedFile[];
  /** How many paths waste, `files` and those left out. */
  readonly count: number;
}

/** After how many names other work has its turn. */
const turn = 4_096;

/**
 * Reckons the waste of an image.
 *
 * Wasted are the bytes of each file of which no name is seen in the image, whatever hides it: a file in its place, a
 * deletion, an opaque directory. A file of several names counts once, at the first of them.
 *
 * The efficiency is the score of dive (github.com/wagoodman/dive, dive/filetree/efficiency.go): over all paths that layers
 * have as leaves, the sum of the least size that a path ever has by the sum of all sizes that it has. A deletion counts at
 * its path: with nothing if it is of a file, with all that lies in it if it is of a directory; opaque directories count
 * nothing. That of a directory so lowers no score, and its bytes are among the wasted all the same. dive reads each
 * archive in its order, where a hard link has no size; here the first name in the order of bytes has it. Where a layer
 * deletes what is not there, dive leaves out the rest of the layer; here that counts nothing.
 * @param most how many files are listed
 * @throws `CANCELLED`
 */
export async function reckonWaste(
  contents: ImageContents,
  most: number,
  signal?: AbortSignal | undefined,
): Promise<Waste> {
  const visible = visibleFiles(contents.root);
  const sizes = new Map<string, { least: number; sum: number }>();
  const wasted = new Map<string, { bytes: number; times: number }>();
  const layers: LayerWaste[] = [];
  let passed = 0;

  const count = (path: string, size: number) => {
    const known = sizes.get(path);
    if (known === undefined) sizes.set(path, { least: size, sum: size });
    else {
      known.least = Math.min(known.least, size);
      known.sum += size;
    }
  };

  for (const [layer, { image, tree }] of [...contents.layers.entries()].reverse()) {
    const counted = new Set<FileInfo>();
    const below = contents.layers.slice(layer + 1).map(({ tree }) => ({ layer: 0, directory: tree.root }));
    let [bytes, wastedBytes] = [0, 0];

    async function walk(path: string, directory: LayerDirectory): Promise<void> {
      for (const name of directory.deletes)
        count(pathIn(path, name), deletedBytes(below, pathIn(path, name)));
      for (const [name, node] of sorted(directory.children)) {
        passed += 1;
        if (passed % turn === 0) {
          await setImmediate();
          throwIfAborted(signal);
        }
        const child = pathIn(path, name);
        if (node.type === "directory") {
          if (node.children.size === 0 && node.deletes.size === 0) count(child, 0);
          await walk(child, node);
          continue;
        }
        const size = node.links > 1 && counted.has(node) ? 0 : node.size;
        if (node.links > 1) counted.add(node);
        count(child, size);
        bytes += size;
        if (visible.has(node) || size === 0) continue;
        wastedBytes += size;
        const known = wasted.get(child);
        wasted.set(child, { bytes: size + (known?.bytes ?? 0), times: 1 + (known?.times ?? 0) });
      }
    }

    await walk("", tree.root);
    layers.unshift({ id: image.id, bytes, wastedBytes });
  }

  let [least, sum] = [0, 0];
  for (const path of sizes.values()) {
    least += path.least;
    sum += path.sum;
  }
  const worst = [...wasted].sort(([a, one], [b, other]) => other.bytes - one.bytes || (a < b ? -1 : 1));
  return {
    efficiency: sum === 0 ? 1 : least / sum,
    totalBytes: sumOf(layers.map(({ bytes }) => bytes)),
    wastedBytes: sumOf(layers.map(({ wastedBytes }) => wastedBytes)),
    layers,
    files: worst.slice(0, most).map(([path, { bytes, times }]) => ({
      ...{ path: spellPath(path), bytes, times },
      isGone: lookUp(contents.root.parts, path) === undefined,
    })),
    count: wasted.size,
  };
}

/** The files of which a name is seen in the image. */
function visibleFiles(root: Seen): Set<FileInfo> {
  const files = new Set<FileInfo>();
  const gather = (parts: readonly Part[]) => {
    for (const { node, parts: within } of mergeParts(parts).values()) {
      if (node.type === "directory") gather(within);
      else files.add(node);
    }
  };
  gather(root.parts);
  return files;
}

/** What dive counts for the deletion of a path: all in a directory, nothing for a file. */
function deletedBytes(below: readonly Part[], path: string): number {
  const deleted = lookUp(below, path);
  return deleted?.node.type === "directory" ? bytesBelow(deleted) : 0;
}

function lookUp(root: readonly Part[], path: string): Seen | undefined {
  let parts = root;
  let seen: Seen | undefined;
  for (const name of namesOf(path)) {
    seen = seenIn(parts, name);
    if (seen === undefined) return undefined;
    parts = seen.parts;
  }
  return seen;
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0);
}
