// What the search for garbage knows of a graph's images: read once, then kept in memory.
import { lstatSync } from "node:fs";
import { type Graph, imagePaths, readParent } from "../graph/index.js";
import type { Mounts } from "../mount/index.js";
import { isId } from "../terms/index.js";

export interface Survey {
  /** Every image by its id, with the parent it names. */
  readonly parents: ReadonlyMap<string, string | null>;
  /** Those of them that cannot be loaded. */
  readonly broken: ReadonlySet<string>;
  readonly named: { has(id: string): boolean };
  readonly mounted: { has(id: string): boolean };
  /** Those that an import makes or relies on. */
  readonly held: { has(id: string): boolean };
  /** When an image came into the graph, in ms since the epoch. */
  arrivedAt(id: string): number;
}

/**
 * Reads the records of all images, their names, and what mounts and imports need.
 * @throws `IMAGE_BROKEN` if the names cannot be read, `IMAGE_IN_USE` if a mount's record cannot; `CANCELLED`
 */
export async function surveyGraph(
  graph: Graph,
  mounts: Mounts,
  signal: AbortSignal | undefined,
): Promise<Survey> {
  const parents = new Map<string, string | null>();
  const brokenIds = new Set<string>();
  for await (const { image, broken } of graph.list(signal)) {
    if (image !== undefined) parents.set(image.id, image.parent);
    // A stray name does not count as an image. An image that lacks only its layer still has a parent.
    else if (isId(broken.id)) {
      brokenIds.add(broken.id);
      parents.set(broken.id, readParent(graph.directory, broken.id));
    }
  }
  const [named, holders] = await Promise.all([graph.names.byImage(), graph.holders()]);
  return {
    parents,
    broken: brokenIds,
    named,
    mounted: mounts.imagesInMounts(),
    held: new Set(holders.flatMap(({ ids }) => ids)),
    arrivedAt: (id) =>
      lstatSync(imagePaths(graph.directory, id).record, { throwIfNoEntry: false })?.mtimeMs ?? 0,
  };
}
