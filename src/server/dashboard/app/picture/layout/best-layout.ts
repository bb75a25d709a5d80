// The layout that fills a window best.
import type { Forest } from "./forest.js";
import { type Layout, layOut } from "./layout.js";

/** What is tried, as parts of the window's shape: boxes within boxes never come out quite in the shape that is asked for. */
const tries = [1, 0.75, 1.33, 0.55, 1.8];
/** The most images that all of that is tried for, and the most for more than one. */
const [mostForAll, mostForSome] = [2_000, 20_000];

/** @param aspect the window's width divided by its height */
export function layOutToFill(forest: Forest, aspect: number): Layout {
  const count = forest.nodes.length;
  const tried = tries.slice(0, count <= mostForAll ? tries.length : count <= mostForSome ? 3 : 1);
  const [first, ...others] = tried.map((part) => layOut(forest, rounded(aspect * part)));
  let best = first ?? layOut(forest, aspect);
  for (const other of others) if (scaleIn(other, aspect) > scaleIn(best, aspect)) best = other;
  return best;
}

/** A link tells it, and the layout that is made by it must be the same. */
function rounded(aspect: number): number {
  return Math.round(aspect * 1_000) / 1_000;
}

/** How large it is shown in a window of that shape and of height 1. */
function scaleIn({ width, height }: Layout, aspect: number): number {
  return Math.min(aspect / Math.max(1, width), 1 / Math.max(1, height));
}
