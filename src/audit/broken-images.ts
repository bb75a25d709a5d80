// Images that cannot be loaded. One that nothing is known to depend on is moved away whole. Others are only reported: somebody
// may still put back what is missing, and without the image its children would lose more.

import { imagePaths, loadImage, parseRecord, readParent } from "../graph/index.js";
import { isId, StevedoreError, shortId } from "../terms/index.js";
import { type Damage, damage, moveAway, type Repair } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, isThere, namesIn, readIfPlain } from "./probe.js";
import { type BrokenImage, hasImage, imageAt, imagesOfMounts, type Survey, withImage } from "./survey.js";

/** What is wrong with an image that `loadImage` calls broken, and the parent that its record names. */
export function readBreakage(graphDirectory: string, id: string): Pick<BrokenImage, "what" | "parent"> {
  return { what: kindOfBreakage(graphDirectory, id), parent: readParent(graphDirectory, id) };
}

function kindOfBreakage(graphDirectory: string, id: string): DamageKind {
  const { directory, record, layer } = imagePaths(graphDirectory, id);
  if (!isDirectory(directory)) return "image-not-a-directory";
  if (!isThere(record)) return "missing-record";
  try {
    const bytes = readIfPlain(record);
    if (bytes === undefined) return "unreadable-record";
    if (parseRecord(bytes).id !== id) return "wrong-id";
  } catch {
    return "unreadable-record";
  }
  return isThere(layer) ? "layer-not-a-directory" : "missing-layer";
}

/** Those that others depend on come last, so that a chain of broken images goes in one run, its head first. */
export async function* checkBrokenImages(survey: Survey): AsyncGenerator<Damage> {
  const { root, broken, unread } = survey;
  dropRepaired(survey);
  if (broken.size === 0) return;
  const isMounted = imagesOfMounts(survey.graph);
  const children = countChildren(survey);
  // Changed by the repairs themselves, where `children` foresees them.
  const childrenLeft = new Map(children);
  const isFree = (id: string) => children.get(id) === 0 && !isMounted(id);
  // They keep nothing where it is: what is moved away is whole, and can be put back.
  const unknown = [...unread].filter(([, parent]) => parent === undefined).map(([id]) => id);
  const warning = unknown.length === 0 ? "" : `; ${namesOf(unknown)} cannot be read and may build on it`;
  const free = [...broken.keys()].filter(isFree).reverse();
  const left = new Map(broken);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    const image = left.get(id);
    if (image === undefined) continue;
    left.delete(id);
    const told = { ...image, message: `${image.message}${warning}` };
    yield describe(root, id, told, [moveAway, moveImage(survey, id, childrenLeft)]);
    const { parent } = image;
    if (parent === null || !children.has(parent)) continue;
    children.set(parent, (children.get(parent) ?? 0) - 1);
    if (isFree(parent)) free.push(parent);
  }
  for (const [id, image] of left) {
    const why = isMounted(id) ? "a mount may be made of it" : "others may build on it";
    const way = `put back what is missing, or delete it with stevedore rm --force ${shortId(id)}`;
    yield describe(root, id, { ...image, message: `${image.message}; ${why}: ${way}` }, undefined);
  }
}

function describe(
  root: string,
  id: string,
  { what, message }: BrokenImage,
  repair: readonly [string, Repair] | undefined,
): Damage {
  return damage(root, what, { at: imageAt(id), id, message, repair });
}

function namesOf(ids: readonly string[]): string {
  const more = ids.length > 3 ? ` and ${ids.length - 3} more` : "";
  return `${ids.slice(0, 3).map(shortId).join(", ")}${more}`;
}

/** How many images name each broken one as their parent. */
function countChildren({ parents, broken, unread }: Survey): Map<string, number> {
  const counts = new Map([...broken.keys()].map((id) => [id, 0]));
  const count = (parent: string | null) => {
    const known = parent === null ? undefined : counts.get(parent);
    if (parent !== null && known !== undefined) counts.set(parent, known + 1);
  };
  for (const parent of parents.values()) count(parent);
  for (const parent of unread.values()) count(parent ?? null);
  for (const { parent } of broken.values()) count(parent);
  return counts;
}

function moveImage(survey: Survey, id: string, childrenLeft: Map<string, number>): Repair {
  const { graph, broken } = survey;
  return async (lost) => {
    const moved = await withImage(survey, id, async () => {
      if (!isBroken(graph.directory, id)) return undefined;
      // Of a parent that is locked no child is committed.
      if ((childrenLeft.get(id) ?? 0) > 0 || hasNewChild(survey, id))
        throw new StevedoreError("IMAGE_IN_USE", "others still build on it");
      return lost.take(imageAt(id));
    });
    const parent = broken.get(id)?.parent;
    if (moved === undefined) return undefined;
    broken.delete(id);
    if (typeof parent === "string") childrenLeft.set(parent, (childrenLeft.get(parent) ?? 0) - 1);
    return moved;
  };
}

/** Drops images that were deleted or repaired by somebody else meanwhile. */
function dropRepaired({ graph, parents, broken }: Survey): void {
  for (const [id, { parent }] of broken) {
    try {
      if (isBroken(graph.directory, id)) continue;
    } catch {
      // It cannot be read any more, which a repair of it will tell.
      continue;
    }
    broken.delete(id);
    if (isThere(imagePaths(graph.directory, id).directory)) parents.set(id, parent);
  }
}

/** True if an image that came after the pass over all images builds on this one. */
function hasNewChild(survey: Survey, id: string): boolean {
  const { directory } = survey.graph;
  return namesIn(directory).some(
    (name) => isId(name) && !hasImage(survey, name) && readParent(directory, name) === id,
  );
}

/** Somebody may have put back what was missing, or the image may be gone. */
function isBroken(graphDirectory: string, id: string): boolean {
  try {
    loadImage(graphDirectory, id);
    return false;
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "IMAGE_BROKEN") return true;
    if (error instanceof StevedoreError && error.code === "IMAGE_NOT_FOUND") return false;
    throw error;
  }
}
