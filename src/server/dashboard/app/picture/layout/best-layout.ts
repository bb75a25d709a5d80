// The layout that fills a window: boxes within boxes do not always come out in the shape that is asked for.
import type { Forest } from "./forest.js";
import { type Layout, layOut } from "./layout.js";

/** What else is asked for, as parts of the window's shape, where too much of its width stays empty, or of its height. */
const tries = { wider: [1.33, 1.8], higher: [0.75, 0.55] } as const;
/** How much of both is enough. */
const enough = 0.85;
/** For more images the first layout must do. */
const mostForAll = 20_000;

/** @param aspect the window's width divided by its height */
export function layOutToFill(forest: Forest, aspect: number): Layout {
  let best = layOut(forest, rounded(aspect));
  if (forest.nodes.length > mostForAll) return best;
  for (const part of tries[isTooHigh(best, aspect) ? "wider" : "higher"]) {
    if (fillOf(best, aspect) >= enough) return best;
    const other = layOut(forest, rounded(aspect * part));
    if (scaleIn(other, aspect) > scaleIn(best, aspect)) best = other;
  }
  return best;
}

function isTooHigh({ width, height }: Layout, aspect: number): boolean {
  return width / Math.max(1, height) < aspect;
}

/** The part of the window's width or height that is used, whichever is less. */
function fillOf({ width, height }: Layout, aspect: number): number {
  const shape = width / Math.max(1, height) / aspect;
  return Math.min(shape, 1 / shape);
}

/** How large it is shown in a window of that shape and of height 1. */
function scaleIn({ width, height }: Layout, aspect: number): number {
  return Math.min(aspect / Math.max(1, width), 1 / Math.max(1, height));
}

/** A link tells it, and the layout that is made by it must be the same. */
function rounded(aspect: number): number {
  return Math.round(aspect * 1_000) / 1_000;
}
