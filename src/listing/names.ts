// The names of the images, for a listing.

import type { Graph } from "../graph/index.js";
import { StevedoreError } from "../terms/index.js";

/** The names of each image that has any, by id. */
export type NamesByImage = ReadonlyMap<string, readonly string[]>;

/** A name and what it stands for. */
export interface NameRow {
  /** As `repository:tag`. */
  readonly name: string;
  readonly id: string;
  /** How many names the image has, this one among them. */
  readonly ofImage: number;
}

/** The names of all images. Where they cannot be read there are none, and `warn` is told: the images still have ids. */
export async function readNames(graph: Graph, warn: (line: string) => void): Promise<NamesByImage> {
  try {
    return await graph.names.byImage();
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    warn(`${error.code}: ${error.message}`);
    return new Map();
  }
}

/**
 * The names that hold each of some words, in upper or lower case, or whose ids begin with it; in their order.
 * @param names as `Names.all` gives them
 */
export function findNames(names: ReadonlyMap<string, string>, text = ""): readonly NameRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const counts = new Map<string, number>();
  for (const id of names.values()) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...names]
    .filter(([name, id]) =>
      words.every((word) => name.toLowerCase().includes(word) || id.toLowerCase().startsWith(word)),
    )
    .map(([name, id]) => ({ name, id, ofImage: counts.get(id) ?? 0 }));
}
