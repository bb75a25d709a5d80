// The names of the graph in sorted order: finds the ids that begin with a prefix without reading an image.
import { readdir } from "node:fs/promises";
import { cachedRead, ioError, stagingName } from "../disk/index.js";
import { isErrno, isId } from "../terms/index.js";

/** The entries of the graph's directory, read at one time. Both lists are sorted by bytes. */
export interface ImageIndex {
  readonly ids: readonly string[];
  /** Names that are not valid ids, in latin1, so that every byte of them is kept. Staging is not among them. */
  readonly strays: readonly string[];
}

/** A function that gives the graph's index, read again whenever the directory has changed. */
export function openImageIndex(graphDirectory: string): () => Promise<ImageIndex> {
  return cachedRead(graphDirectory, () => readIndex(graphDirectory), { ids: [], strays: [] });
}

/** The names of a sorted list that begin with a prefix, in O(log n + matches). */
export function withPrefix(sorted: readonly string[], prefix: string): readonly string[] {
  const begin = partition(sorted, (name) => name < prefix);
  const end = partition(sorted, (name) => name < prefix || name.startsWith(prefix));
  return sorted.slice(begin, end);
}

/** How many of the list's first names pass a test that none passes after one has failed it. */
function partition(sorted: readonly string[], passes: (name: string) => boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (passes(sorted[middle] as string)) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function readIndex(graphDirectory: string): Promise<ImageIndex> {
  try {
    const names = (await readdir(graphDirectory, "latin1")).sort();
    const strays: string[] = [];
    // One look at each: there may be a million.
    const ids = names.filter((name) => {
      const isOne = isId(name);
      if (!isOne && name !== stagingName) strays.push(name);
      return isOne;
    });
    return { ids, strays };
  } catch (error) {
    if (isErrno(error, "ENOENT")) return { ids: [], strays: [] };
    throw ioError(error, `the graph ${graphDirectory} cannot be read`);
  }
}
