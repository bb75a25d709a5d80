// Opens what is inside an image: its layers, each as a tree.
import { type Graph, type Image, isConfigImage, withContent } from "../graph/index.js";
import { quote, StevedoreError, shortId } from "../terms/index.js";
import type { LayerTree } from "./layer-tree.js";
import { openLayerTrees, type ReadTree } from "./layer-trees.js";
import type { Part, Seen } from "./merge.js";

/** A layer of an image. */
export interface Layer {
  /** The image that the layer is of. */
  readonly image: Image;
  readonly tree: LayerTree;
}

/** An image whose layers have been read. */
export interface ImageContents {
  readonly id: string;
  /** The image and its ancestors, child first. */
  readonly history: readonly Image[];
  /** Topmost first; the empty layers of imported images are left out. */
  readonly layers: readonly [Layer, ...Layer[]];
  /** The root of what is seen. */
  readonly root: Seen;
}

/**
 * Opens images by their references.
 * @throws through it: as `Graph.history`; `INTERNAL`, `NEEDS_ROOT`, `TOOL_MISSING`, `CANCELLED` for a layer that cannot be
 * read
 */
export type OpenContents = (reference: string) => Promise<ImageContents>;

/** A function that opens images of a graph. It keeps the trees of their layers in memory, up to a bound. */
export function openContents(graph: Graph, signal?: AbortSignal | undefined): OpenContents {
  const readTree = openLayerTrees(graph, signal);
  return (reference) => readContents(graph, reference, readTree);
}

async function readContents(graph: Graph, reference: string, readTree: ReadTree): Promise<ImageContents> {
  const history = await graph.history(reference);
  const layers: Layer[] = [];
  for (const image of withContent(history)) layers.push({ image, tree: await readTree(image) });
  const [top, ...below] = layers;
  const [own] = history;
  if (top === undefined || own === undefined) throw new Error(`${reference} has no layer`);
  const parts: Part[] = layers.map(({ tree }, layer) => ({ layer, directory: tree.root }));
  return {
    id: own.id,
    history,
    layers: [top, ...below],
    root: { layer: 0, node: top.tree.root, parts },
  };
}

/**
 * The position of a layer in an image, 0 on top.
 * @param reference the id of the image that it is of, or a prefix that no other layer's id has. The id of an imported
 * image, which has no layer of its own, stands for its topmost layer, as in its history.
 * @throws `IMAGE_NOT_FOUND`, `AMBIGUOUS_ID`
 */
export function layerAt({ id, history, layers }: ImageContents, reference: string): number {
  const whole = layers.findIndex(({ image }) => image.id === reference);
  if (whole >= 0) return whole;
  const own = history.find((image) => image.id === reference);
  if (own !== undefined && isConfigImage(own.directory)) {
    const below = history.slice(history.indexOf(own) + 1);
    const next = layers.findIndex(({ image }) => below.includes(image));
    if (next >= 0) return next;
  }
  const found = [...layers.keys()].filter((at) => layers[at]?.image.id.startsWith(reference));
  const [at] = found;
  if (reference === "" || at === undefined) {
    throw new StevedoreError("IMAGE_NOT_FOUND", `the image ${shortId(id)} has no layer ${quote(reference)}`);
  }
  if (found.length > 1) {
    throw new StevedoreError(
      "AMBIGUOUS_ID",
      `several layers of the image ${shortId(id)} have ids that begin with ${quote(reference)}`,
    );
  }
  return at;
}
