// Where the arrow keys lead from an image.
import type { Forest } from "./forest.js";

export type Step = "parent" | "child" | "next" | "previous";

/**
 * @param from -1: nothing is selected yet
 * @returns the parent, the first child, or the sibling (of a root: the root) before or after it; the image itself where
 * there is none; the first root from -1; -1 in an empty forest
 */
export function walk(forest: Forest, from: number, step: Step): number {
  if (from === -1) return forest.roots[0] ?? -1;
  const parent = forest.parent[from] ?? -1;
  if (step === "parent") return parent === -1 ? from : parent;
  if (step === "child") return forest.children[from]?.[0] ?? from;
  const siblings = parent === -1 ? forest.roots : (forest.children[parent] ?? forest.roots);
  return siblings[siblings.indexOf(from) + (step === "next" ? 1 : -1)] ?? from;
}
