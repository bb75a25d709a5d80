// Which images name which parent. The records are read once; after that only those whose file has changed.

import {
  createStampedMemory,
  imageEntries,
  joinStamps,
  type ReadEntries,
  readSideBySide,
  readStamp,
} from "../disk/index.js";
import { imagePaths } from "./image.js";
import type { ImageIndex } from "./image-index.js";
import { parentIn, readParent, readParentWithStamp } from "./listing.js";

/** Children by the parent they name, in the order of their ids. */
export type Families = ReadonlyMap<string, readonly string[]>;

/**
 * What is remembered of an image is believed only while the stamp of its record's file is the same: an image that was
 * replaced by another of its id, by whomever, is read again.
 */
export interface ParentIndex {
  /**
   * Finds the images that name one of some parents, as the disk is now; a parent without children is left out. However many
   * parents: one look at each image. Throws `CANCELLED`.
   */
  find(parents: ReadonlySet<string>, signal?: AbortSignal | undefined): Promise<Families>;
  /**
   * The same for removals, many of which may follow each other: without a look at each image where the graph's directory has
   * not changed since the last one, but by our own removals, and that look is not old. What it took to make it says how old
   * it may be: a record that is written anew in its place, which nobody does but by hand, does not change the directory.
   */
  findRecent(parents: ReadonlySet<string>, signal?: AbortSignal | undefined): Promise<Families>;
  /**
   * Tells it of images that were taken out.
   * @param stamp of the graph's directory after that, if nobody else has added an image; undefined: it is not known
   */
  noteTaken(ids: readonly string[], stamp: string | undefined): void;
}

/** A look at all images. */
interface Look {
  /** That of the graph's directory, as long as the look is true to its names. */
  stamp: string | undefined;
  /** In ms, of `performance.now()`. */
  readonly begunAt: number;
  readonly tookMs: number;
  readonly families: Map<string, readonly string[]>;
  readonly parents: Map<string, string>;
}

/** A graph that is looked at in less is looked at each time. */
const quickLookMs = 10;

/** For how long a look serves removals: then no more than a tenth of their time goes into looking. */
function lifetimeOf({ tookMs }: Pick<Look, "tookMs">): number {
  return tookMs <= quickLookMs ? 0 : 10 * tookMs;
}

/**
 * @param index the names in the graph's directory now
 * @param lifetime in ms, of a look, for removals
 */
export function openParentIndex(
  graphDirectory: string,
  index: () => Promise<ImageIndex>,
  lifetime: (look: { readonly tookMs: number }) => number = lifetimeOf,
): ParentIndex {
  const known = createStampedMemory<string | null>();
  let last: Look | undefined;

  function parentNow(id: string): string | null {
    if (!known.has(id)) {
      const read = readParentWithStamp(graphDirectory, id);
      if (read !== undefined) {
        known.note(id, joinStamps([read.stamp]), read.parent);
        return read.parent;
      }
    }
    const stamp = joinStamps([readStamp(imagePaths(graphDirectory, id).record)]);
    const remembered = known.recall(id, stamp);
    if (remembered !== undefined) return remembered;
    const parent = readParent(graphDirectory, id);
    known.note(id, stamp, parent);
    return parent;
  }

  /** What each of these names. The first time all have to be read, which goes quicker by two threads. */
  async function parentsOf(
    ids: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<(string | null)[]> {
    const parents: (string | null)[] = new Array(ids.length).fill(null);
    const read = (at: number) => {
      parents[at] = parentNow(ids[at] ?? "");
    };
    const take = (at: number, { files: [bytes], stamp }: ReadEntries) => {
      const id = ids[at] ?? "";
      if (bytes == null || stamp === undefined) return read(at);
      parents[at] = parentIn(bytes, id);
      known.note(id, joinStamps([stamp]), parents[at]);
    };
    const least = known.size() < ids.length / 2 ? undefined : Number.POSITIVE_INFINITY;
    const wanted = { files: [imageEntries.record], isStamped: true };
    await readSideBySide(graphDirectory, ids, wanted, read, take, signal, least);
    return parents;
  }

  async function lookAtAll(signal: AbortSignal | undefined): Promise<Look> {
    const begunAt = performance.now();
    const stamp = readStamp(graphDirectory);
    const { ids } = await index();
    const parentOf = await parentsOf(ids, signal);
    const families = new Map<string, string[]>();
    const parents = new Map<string, string>();
    for (const [at, id] of ids.entries()) {
      const parent = parentOf[at] ?? null;
      if (parent === null) continue;
      parents.set(id, parent);
      const siblings = families.get(parent);
      if (siblings === undefined) families.set(parent, [id]);
      else siblings.push(id);
    }
    known.keepOnly(ids);
    const isSettled = stamp?.settled === true && readStamp(graphDirectory)?.text === stamp.text;
    const tookMs = performance.now() - begunAt;
    last = { stamp: isSettled ? stamp.text : undefined, begunAt, tookMs, families, parents };
    return last;
  }

  /** The last look, if it still serves. */
  function recentLook(): Look | undefined {
    if (last?.stamp === undefined || performance.now() - last.begunAt > lifetime(last)) return undefined;
    return readStamp(graphDirectory)?.text === last.stamp ? last : undefined;
  }

  return {
    async find(parents, signal) {
      return chosen(await lookAtAll(signal), parents);
    },
    async findRecent(parents, signal) {
      return chosen(recentLook() ?? (await lookAtAll(signal)), parents);
    },
    noteTaken(ids, stamp) {
      if (last === undefined) return;
      // A look that was not sure before is not so after it.
      if (last.stamp !== undefined) last.stamp = stamp;
      for (const id of ids) {
        const parent = last.parents.get(id);
        last.parents.delete(id);
        const siblings = parent === undefined ? undefined : last.families.get(parent);
        if (parent === undefined || siblings === undefined) continue;
        const left = siblings.filter((sibling) => sibling !== id);
        if (left.length > 0) last.families.set(parent, left);
        else last.families.delete(parent);
      }
    },
  };
}

function chosen({ families }: Look, parents: ReadonlySet<string>): Families {
  const found = new Map<string, readonly string[]>();
  for (const parent of parents) {
    const children = families.get(parent);
    if (children !== undefined) found.set(parent, children);
  }
  return found;
}
