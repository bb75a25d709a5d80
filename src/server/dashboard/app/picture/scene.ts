// All that is known of a graph before it is drawn, made once for each answer of the server.

import { type Pieces, piecesOf } from "./edges.js";
import {
  type Ages,
  agesOf,
  type Box,
  card,
  type Forest,
  type GraphNode,
  indexPlaces,
  type Layout,
  layOut,
  layOutToFill,
  type Places,
  plantForest,
  sizeShare,
} from "./layout/index.js";
import { indexSearch, type Search } from "./search.js";

export interface Scene {
  readonly forest: Forest;
  readonly layout: Layout;
  readonly places: Places;
  readonly search: Search;
  readonly pieces: Pieces;
  readonly ages: Ages;
  /** By image: how long its bar is, as a part of a card's width. */
  readonly sizes: Float64Array;
  /** Images that are broken, mounted, or lack their parent: they show at every zoom. */
  readonly marked: Int32Array;
  /** Images with a name, those with the most below them first. */
  readonly named: Int32Array;
}

/** The shape of what is laid out: that of a window to be filled, or exactly one that was laid out before. */
export interface Shape {
  readonly aspect: number;
  readonly isExact: boolean;
}

/** @param shapeFor called once before the layout, whose window the legend of the ages may change @param now ms */
export function makeScene(nodes: readonly GraphNode[], shapeFor: (ages: Ages) => Shape, now: number): Scene {
  const forest = plantForest(nodes);
  const ages = agesOf(forest, now);
  const marked = Int32Array.from(forest.nodes.keys()).filter((index) => {
    const node = forest.nodes[index];
    return node !== undefined && (node.broken !== undefined || node.mounts > 0 || forest.orphans.has(index));
  });
  const named = Int32Array.from(forest.nodes.keys())
    .filter((index) => (forest.nodes[index]?.names?.length ?? 0) > 0)
    .sort((a, b) => (forest.weight[b] ?? 0) - (forest.weight[a] ?? 0) || a - b);
  return {
    ...{ forest, marked, named, ages },
    ...placed(forest, shapeFor(ages)),
    search: indexSearch(forest),
    sizes: Float64Array.from(forest.nodes, ({ layerBytes }) => sizeShare(layerBytes)),
  };
}

/** The same images, laid out for another window. */
export function rearrange(scene: Scene, shape: Shape): Scene {
  return { ...scene, ...placed(scene.forest, shape) };
}

function placed(forest: Forest, { aspect, isExact }: Shape): Pick<Scene, "layout" | "places" | "pieces"> {
  const layout = isExact ? layOut(forest, aspect) : layOutToFill(forest, aspect);
  return { layout, places: indexPlaces(layout), pieces: piecesOf(layout) };
}

/** Where an image's card lies in the layout. */
export function cardBox({ layout }: Scene, index: number): Box {
  const [left = 0, top = 0] = [layout.x[index], layout.y[index]];
  return { left, top, right: left + card.w, bottom: top + card.h };
}

/** The id of the image that the reader of a part of the layout is most likely to look at. */
export function nearestTo({ places, forest }: Scene, { left, top, right, bottom }: Box): string | undefined {
  const index = places.at((left + right) / 2, (top + bottom) / 2, (right - left) / 2);
  return forest.nodes[index]?.id;
}
