// The names of the images, for a listing.

import type { Graph } from "../graph/index.js";
import { StevedoreError } from "../terms/index.js";

/** The names of each image that has any, by id. */
export type NamesByImage = ReadonlyMap<string, readonly string[]>;

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
