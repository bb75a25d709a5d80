// The recipes: the exact ways a layer becomes the bytes that are hashed.
import { StevedoreError } from "../terms/index.js";
import type { XzSettings } from "./xz/index.js";

/** The canonical tar through xz. The number of threads, from 2 up, does not show in the bytes. */
export interface XzRecipe extends Pick<XzSettings, "preset" | "blockSize"> {
  readonly archiver: "tar | xz";
}

/** `bsdtar -cJ` as Docker 0.3 ran it: its bytes depend on the order in which the disk lists a directory. */
export interface DockerRecipe {
  readonly archiver: "bsdtar";
}

const blockSize = 8 * 1024 * 1024;

export const recipes = {
  "xz-6": { archiver: "tar | xz", preset: 6, blockSize },
  "xz-1": { archiver: "tar | xz", preset: 1, blockSize },
  docker: { archiver: "bsdtar" },
} as const satisfies Record<string, XzRecipe | DockerRecipe>;

export type RecipeName = keyof typeof recipes;
export const recipeNames = Object.keys(recipes) as readonly RecipeName[];
export const defaultRecipe: RecipeName = "xz-6";

/** True for the name of a recipe. */
export function isRecipe(name: string): name is RecipeName {
  return Object.hasOwn(recipes, name);
}

/**
 * Returns the name if it is a recipe's.
 * @throws `UNKNOWN_RECIPE` listing those there are.
 */
export function assertRecipe(name: string): RecipeName {
  if (isRecipe(name)) return name;
  throw new StevedoreError(
    "UNKNOWN_RECIPE",
    `unknown recipe ${JSON.stringify(name)}: use ${recipeNames.join(", ")}`,
  );
}

/** The arguments of bsdtar for the archive of the recipe `docker`, on stdout. */
export function dockerTarArguments(layerDirectory: string): string[] {
  return ["-f", "-", "-C", layerDirectory, "-cJ", "."];
}
