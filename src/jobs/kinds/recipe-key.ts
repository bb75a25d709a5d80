// How jobs that compute checksums are told apart. A forced one joins only its like, for the other may be cached.
import { defaultRecipe } from "../../terms/index.js";

/** The part of a deduplication id that says how a checksum is computed. */
export function recipeKey(recipe: string = defaultRecipe, force = false): string {
  return `${recipe}${force ? "/force" : ""}`;
}
