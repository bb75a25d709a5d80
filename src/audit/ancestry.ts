// Parents that are missing, and images that are their own ancestors. Both are reported and not repaired: only people know
// which image is wrong, and where the right one is.
import { imagePaths, parentCycle, parentNotFound, readParent } from "../graph/index.js";
import { type Damage, damage } from "./finding.js";
import { isThere } from "./probe.js";
import { hasImage, imageAt, type Survey } from "./survey.js";

export async function* checkAncestry(survey: Survey): AsyncGenerator<Damage> {
  const { root, parents, broken } = survey;
  const { directory } = survey.graph;
  // An image without a layer still names its parent.
  const named = new Map(parents);
  for (const [id, { parent }] of broken) named.set(id, parent);
  for (const [id, parent] of named) {
    if (parent === null || hasImage(survey, parent)) continue;
    // Both may have been deleted meanwhile, or the parent put back.
    if (isThere(imagePaths(directory, parent).directory) || readParent(directory, id) !== parent) continue;
    const { message } = parentNotFound(id, parent);
    yield damage(root, "missing-parent", { at: imageAt(id), id, message });
  }
  for (const cycle of cyclesOf(named)) {
    const [id = ""] = cycle;
    yield damage(root, "cycle", { at: imageAt(id), id, message: parentCycle(cycle).message });
  }
}

/** The cycles, each once, beginning with its smallest id. Each image is walked over once, without recursion. */
export function* cyclesOf(parents: ReadonlyMap<string, string | null>): Generator<string[]> {
  const walked = new Set<string>();
  for (const start of parents.keys()) {
    const path: string[] = [];
    const places = new Map<string, number>();
    let at: string | null | undefined = start;
    while (typeof at === "string" && !walked.has(at)) {
      walked.add(at);
      places.set(at, path.push(at) - 1);
      at = parents.get(at);
    }
    const first = typeof at === "string" ? places.get(at) : undefined;
    if (first !== undefined) yield beginningWithSmallest(path.slice(first));
  }
}

function beginningWithSmallest(cycle: readonly string[]): string[] {
  let smallest = 0;
  for (const [place, id] of cycle.entries()) if (id < (cycle[smallest] ?? "")) smallest = place;
  return [...cycle.slice(smallest), ...cycle.slice(0, smallest)];
}
