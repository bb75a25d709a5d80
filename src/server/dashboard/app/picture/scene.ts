// All that is known of a graph before it is drawn, made once for each answer of the server.

import { type Pieces, piecesOf } from "./edges.js";
import {
  type Ages,
  agesOf,
  type Forest,
  type GraphNode,
  indexPlaces,
  type Layout,
  layOut,
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
}

/** @param aspect the window's width divided by its height @param now ms */
export function makeScene(nodes: readonly GraphNode[], aspect: number, now: number): Scene {
  const forest = plantForest(nodes);
  const layout = layOut(forest, aspect);
  const marked = Int32Array.from(forest.nodes.keys()).filter((index) => {
    const node = forest.nodes[index];
    return node !== undefined && (node.broken !== undefined || node.mounts > 0 || forest.orphans.has(index));
  });
  return {
    ...{ forest, layout, marked },
    places: indexPlaces(layout),
    search: indexSearch(forest),
    pieces: piecesOf(layout),
    ages: agesOf(forest, now),
    sizes: Float64Array.from(forest.nodes, ({ layerBytes }) => sizeShare(layerBytes)),
  };
}
