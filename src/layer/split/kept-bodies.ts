// Decides which bodies of an archive are the content of a file of the layer: those that no later entry of that name
// replaces. That is known only at the end of the archive.
import type { PlacedEntry } from "../tar/index.js";
import { createNameSet } from "./name-set.js";

/** The names that came again, each with the number of the entry whose body the layer keeps; -1 if there is none. */
export type ReplacedNames = ReadonlyMap<string, number>;

/** Asked of each entry in the archive's order: whether the layer keeps its body. */
export interface KeptBodies {
  keeps(entry: PlacedEntry): boolean;
  /**
   * Undefined while all that was said holds. Otherwise some of it was wrong, for a later entry has replaced a body; in a
   * second reading of the archive, all is right by these names.
   */
  readonly replaced: ReplacedNames | undefined;
  /** True where more names were replaced than are remembered. */
  readonly isTooMany: boolean;
}

/** How many replaced names are remembered. */
const mostReplaced = 100_000;

/** For the first reading of an archive. */
export function findKeptBodies(): KeptBodies {
  const names = createNameSet();
  const replaced = new Map<string, number>();
  let count = 0;
  return {
    keeps(entry) {
      const { name } = entry;
      const number = count++;
      const isBody = hasContent(entry);
      const isAgain = names.has(name);
      if (isAgain && (replaced.has(name) || replaced.size <= mostReplaced)) {
        replaced.set(name, isBody ? number : -1);
      }
      if (isBody && !isAgain) names.add(name);
      return isBody;
    },
    get replaced() {
      return replaced.size === 0 ? undefined : replaced;
    },
    get isTooMany() {
      return replaced.size > mostReplaced;
    },
  };
}

/** For a second reading of the same archive. */
export function knownKeptBodies(replaced: ReplacedNames): KeptBodies {
  let count = 0;
  return {
    keeps(entry) {
      const number = count++;
      return hasContent(entry) && (replaced.get(entry.name) ?? number) === number;
    },
    replaced: undefined,
    isTooMany: false,
  };
}

function hasContent({ isContent, size }: PlacedEntry): boolean {
  return isContent && size > 0;
}
