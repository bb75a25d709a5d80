// The recipes: the exact ways in which a layer becomes the bytes that are hashed. All facts about a recipe stand here.
import { StevedoreError } from "./error.js";

/** What is to know of every recipe. */
interface RecipeFacts {
  /** Whether layers of the same canonical tar have the same archive. */
  readonly followsFromTar: boolean;
  /** Bytes of memory to reckon with for each thread: of xz at one block, and the blocks that are held beside it. */
  readonly threadMemory: number;
}

/** The canonical tar through xz, in blocks that are compressed each by itself. The number of threads does not show. */
export interface XzRecipe extends RecipeFacts {
  readonly archiver: "tar | xz";
  /** xz's preset. */
  readonly preset: number;
  /** Bytes of the tar in a block. */
  readonly blockSize: number;
}

/** What bsdtar makes of the directory: its bytes depend on the order in which the disk lists a directory. */
export interface BsdtarRecipe extends RecipeFacts {
  readonly archiver: "bsdtar";
  /** bsdtar's flags, but for those that name the directory and the output. */
  readonly flags: string;
}

const MiB = 1024 * 1024;

/** By name, the default first. */
export const recipes = {
  "xz-6": {
    archiver: "tar | xz",
    preset: 6,
    blockSize: 8 * MiB,
    threadMemory: 128 * MiB,
    followsFromTar: true,
  },
  "xz-1": {
    archiver: "tar | xz",
    preset: 1,
    blockSize: 8 * MiB,
    threadMemory: 48 * MiB,
    followsFromTar: true,
  },
  docker: { archiver: "bsdtar", flags: "-cJ", followsFromTar: false, threadMemory: 100 * MiB },
} as const satisfies Readonly<Record<string, XzRecipe | BsdtarRecipe>>;

export type RecipeName = keyof typeof recipes;
/** The names, the default first. */
export const recipeNames = Object.keys(recipes) as [RecipeName, ...RecipeName[]];
/** The most memory that a thread of any recipe takes, in bytes. */
export const largestThreadMemory = Math.max(
  ...Object.values(recipes).map(({ threadMemory }) => threadMemory),
);
/** The recipes whose archive is made of blocks. */
export type XzRecipeName = {
  [Name in RecipeName]: (typeof recipes)[Name] extends XzRecipe ? Name : never;
}[RecipeName];
export const xzRecipeNames = recipeNames.filter(isXzRecipe);
export const defaultRecipe = "xz-6" satisfies RecipeName;
/** The recipe by which Docker 0.3 computed its checksums. */
export const dockerRecipe = "docker" satisfies RecipeName;

/** True for the name of a recipe. */
export function isRecipe(name: string): name is RecipeName {
  return Object.hasOwn(recipes, name);
}

/** True for the name of a recipe whose archive is made of blocks. */
export function isXzRecipe(name: string): name is XzRecipeName {
  return isRecipe(name) && recipes[name].archiver === "tar | xz";
}

/** What is wrong with a name that is no such recipe's, for people. */
export function noXzRecipe(name: unknown): string {
  return `${JSON.stringify(name)} is no recipe of blocks: use ${xzRecipeNames.join(", ")}`;
}

/** What is wrong with a name that is no recipe's, for people: it lists those there are. */
export function unknownRecipe(name: unknown): string {
  return `unknown recipe ${JSON.stringify(name)}: use ${recipeNames.join(", ")}`;
}

/**
 * Returns the name if it is a recipe's.
 * @throws `UNKNOWN_RECIPE`
 */
export function assertRecipe(name: string): RecipeName {
  if (isRecipe(name)) return name;
  throw new StevedoreError("UNKNOWN_RECIPE", unknownRecipe(name));
}
