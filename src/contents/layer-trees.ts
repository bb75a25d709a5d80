// Keeps the trees of layers in memory, which images share, up to a number of names.
import { joinStamps, readStamp } from "../disk/index.js";
import { checksumsPath, type Graph, type Image, imagePaths, manifestPath } from "../graph/index.js";
import type { LayerTree } from "./layer-tree.js";
import { readLayerTree } from "./read-layer.js";

/** What there is in memory: a name takes 200 to 300 bytes. */
const mostEntries = 400_000;

/** Gives the tree of a layer. Throws as `readLayerTree`. */
export type ReadTree = (image: Image) => Promise<LayerTree>;

/**
 * A function that reads trees, and remembers those that were asked for last for as long as their files prove that nothing
 * has changed. Those who ask for one tree at the same time share one reading.
 * @param most how many names are kept
 */
export function openLayerTrees(
  graph: Graph,
  signal?: AbortSignal | undefined,
  most: number = mostEntries,
): ReadTree {
  const known = new Map<string, { readonly stamp: string; readonly tree: Promise<LayerTree> }>();
  /** How many names each of them has. */
  const sizes = new Map<string, number>();

  function makeRoom(): void {
    let total = 0;
    for (const size of sizes.values()) total += size;
    // A map keeps the order in which its keys came.
    for (const [id, size] of sizes) {
      if (total <= most) return;
      total -= size;
      known.delete(id);
      sizes.delete(id);
    }
  }

  return async (image) => {
    const { id } = image;
    const { text, settled } = joinStamps(filesOf(graph, image).map(readStamp));
    const last = known.get(id);
    if (last?.stamp === text) {
      known.delete(id);
      known.set(id, last);
      const size = sizes.get(id);
      if (sizes.delete(id) && size !== undefined) sizes.set(id, size);
      return last.tree;
    }
    const tree = readLayerTree(graph, image, signal);
    sizes.delete(id);
    if (!settled) {
      known.delete(id);
      return tree;
    }
    const entry = { stamp: text, tree };
    known.set(id, entry);
    try {
      const { entries } = await tree;
      if (known.get(id) === entry) sizes.set(id, entries);
      makeRoom();
    } catch (error) {
      if (known.get(id) === entry) known.delete(id);
      throw error;
    }
    return tree;
  };
}

function filesOf({ directory }: Graph, { id }: Image): string[] {
  const paths = imagePaths(directory, id);
  return [paths.record, paths.layer, manifestPath(paths.directory), checksumsPath(paths.directory)];
}
