// The checksums of an image, each with the line of shell by which anybody re-checks it.
import type { Graph, Image, StoredChecksum } from "../graph/index.js";
import { shellLine } from "../layer/index.js";
import { isRecipe } from "../terms/index.js";

export interface RecheckableChecksum extends StoredChecksum {
  /** Null for a recipe that is not known here, which another version may have stored. */
  readonly shellLine: string | null;
}

/**
 * The stored checksums of an image by recipe.
 * @param leavesFieldsEmpty what `checkTar` says of the tar that will run the line
 */
export async function recheckable(
  graph: Graph,
  { id, directory }: Image,
  leavesFieldsEmpty: boolean,
): Promise<Record<string, RecheckableChecksum>> {
  const stored = Object.entries(await graph.storedChecksums(id));
  const options = { imageDirectory: directory, leavesFieldsEmpty };
  return Object.fromEntries(
    stored.map(([recipe, checksum]) => {
      const line = isRecipe(recipe) ? shellLine(recipe, options) : null;
      return [recipe, { ...checksum, shellLine: line }];
    }),
  );
}
