// The names of what lies in `blocks/`. No id of an image has a colon, so the names of the two kinds of work never meet.
import { ownerOf } from "../../disk/index.js";
import { isId, type RecipeName } from "../../terms/index.js";

/** The kinds of files in `blocks/`. */
export type BlockFileKind = "block" | "claim" | "list" | "unfinished";

const blockPattern = /^[a-z0-9-]+-[0-9a-f]{64}$/;
const ofImagePattern = /^([a-z0-9-]+):(.+)$/;
const claimSuffix = ".claim";
const listSuffix = ".stored";

/** The name of a block, and of the work of making it. @param digest sha256 of the input, 64 lower-case hex characters */
export function blockName(recipe: RecipeName, digest: string): string {
  return `${recipe}-${digest}`;
}

/** The name of the work of computing the checksum of an image. */
export function checksumName(recipe: RecipeName, id: string): string {
  return `${recipe}:${id}`;
}

/** The file that says who is at this work. */
export function claimName(work: string): string {
  return `${work}${claimSuffix}`;
}

/** The file that lists the blocks of a checksum which is being stored. */
export function listName(checksum: string): string {
  return `${checksum}${listSuffix}`;
}

/** The checksum whose blocks a file of this name lists; undefined for another file. */
export function listedChecksum(name: string): { readonly recipe: string; readonly id: string } | undefined {
  if (!name.endsWith(listSuffix)) return undefined;
  const [, recipe, id] = ofImagePattern.exec(name.slice(0, -listSuffix.length)) ?? [];
  return recipe === undefined || id === undefined || !isId(id) ? undefined : { recipe, id };
}

/** What a file of this name is; undefined for a name of nobody here. */
export function kindOfBlockFile(name: string): BlockFileKind | undefined {
  if (isBlockName(name)) return "block";
  if (ownerOf(name) !== undefined) return "unfinished";
  if (name.endsWith(claimSuffix)) {
    const work = name.slice(0, -claimSuffix.length);
    return isBlockName(work) || isOfImage(work) ? "claim" : undefined;
  }
  return listedChecksum(name) === undefined ? undefined : "list";
}

/** True for the name of a block. */
export function isBlockName(name: string): boolean {
  return blockPattern.test(name);
}

function isOfImage(work: string): boolean {
  return isId(ofImagePattern.exec(work)?.[2]);
}
