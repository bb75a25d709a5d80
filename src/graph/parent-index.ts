// Which images name which parent. The records are read once; after that only those whose file has changed.

import { createStampedMemory, createYielder, joinStamps, readStamp } from "../disk/index.js";
import { imagePaths } from "./image.js";
import { readParent } from "./listing.js";

/**
 * Finds the images among `ids` that name one of some parents, by that, in the order of the ids; a parent without
 * children is left out. However many parents: one look at each image. Throws `CANCELLED`.
 */
export type FindChildren = (
  parents: ReadonlySet<string>,
  ids: readonly string[],
  signal?: AbortSignal | undefined,
) => Promise<ReadonlyMap<string, readonly string[]>>;

/**
 * A function that finds children as the disk is when it is asked. What it remembers of an image is believed only
 * while the stamp of the record's file is the same, which it looks at every time: an image that was replaced by
 * another of its id, by whomever, is read again.
 */
export function openParentIndex(graphDirectory: string): FindChildren {
  const known = createStampedMemory<string | null>();

  function parentNow(id: string): string | null {
    const stamp = joinStamps([readStamp(imagePaths(graphDirectory, id).record)]);
    const last = known.recall(id, stamp);
    if (last !== undefined) return last;
    const parent = readParent(graphDirectory, id);
    known.note(id, stamp, parent);
    return parent;
  }

  return async (parents, ids, signal) => {
    const turn = createYielder(signal);
    const children = new Map<string, string[]>();
    for (const id of ids) {
      await turn();
      const parent = parentNow(id);
      if (parent === null || !parents.has(parent)) continue;
      const siblings = children.get(parent);
      if (siblings === undefined) children.set(parent, [id]);
      else siblings.push(id);
    }
    known.keepOnly(ids);
    return children;
  };
}
