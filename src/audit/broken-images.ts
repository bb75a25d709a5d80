// Images that cannot be loaded. One that nothing depends on is moved away whole; another is only told of: whoever has
// a copy of what is missing can still put it back, and its children would lose more.
import { readFileSync } from "node:fs";
import { StevedoreError } from "../error.js";
import { shortId } from "../graph/id.js";
import { imagePaths, loadImage, loadRecord } from "../graph/image.js";
import { parentOf, parseRecord } from "../graph/record.js";
import { type Damage, damage, type Mend, moveAway } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { lookAt } from "./look.js";
import { type BrokenImage, imageAt, type Survey, withImage } from "./survey.js";

/** What is wrong with an image that `loadImage` calls broken, and the parent that its record names. */
export function readBreakage(graphDirectory: string, id: string): Pick<BrokenImage, "what" | "parent"> {
  return { what: kindOfBreakage(graphDirectory, id), parent: parentIfAny(graphDirectory, id) };
}

function parentIfAny(graphDirectory: string, id: string): string | null {
  try {
    return parentOf(loadRecord(graphDirectory, id).record);
  } catch {
    return null;
  }
}

function kindOfBreakage(graphDirectory: string, id: string): DamageKind {
  const { directory, record, layer } = imagePaths(graphDirectory, id);
  const json = lookAt(record);
  if (json === undefined)
    return lookAt(directory)?.isDirectory() ? "missing-record" : "image-not-a-directory";
  if (!json.isFile()) return "unreadable-record";
  try {
    if (parseRecord(readFileSync(record)).id !== id) return "wrong-id";
  } catch {
    return "unreadable-record";
  }
  return lookAt(layer) === undefined ? "missing-layer" : "layer-not-a-directory";
}

/** Those that others depend on come last, so that a chain of broken images goes in one run, its head first. */
export async function* checkBrokenImages(survey: Survey): AsyncGenerator<Damage> {
  const { root, broken, unread, mountedImages } = survey;
  if (broken.size === 0) return;
  const children = countChildren(survey);
  // Changed by the repairs themselves, where `children` foresees them.
  const childrenLeft = new Map(children);
  // What depends on which cannot be told as long as there are images that cannot be read.
  const isFree = (id: string) => children.get(id) === 0 && !mountedImages.has(id) && unread.size === 0;
  const free = [...broken.keys()].filter(isFree).reverse();
  const left = new Map(broken);
  for (let id = free.pop(); id !== undefined; id = free.pop()) {
    const image = left.get(id);
    if (image === undefined) continue;
    left.delete(id);
    yield describe(root, id, image, [moveAway, moveImage(survey, id, childrenLeft)]);
    const { parent } = image;
    if (parent === null || !children.has(parent)) continue;
    children.set(parent, (children.get(parent) ?? 0) - 1);
    if (isFree(parent)) free.push(parent);
  }
  for (const [id, image] of left) {
    const why = mountedImages.has(id) ? "a mount is made of it" : "others may build on it";
    const way = `put back what is missing, or delete it with stevedore rm --force ${shortId(id)}`;
    yield describe(root, id, { ...image, message: `${image.message}; ${why}: ${way}` }, undefined);
  }
}

function describe(
  root: string,
  id: string,
  { what, message }: BrokenImage,
  repair: readonly [string, Mend] | undefined,
): Damage {
  return damage(root, what, { at: imageAt(id), id, message, repair });
}

/** How many images name each broken one as their parent. */
function countChildren({ parents, broken }: Survey): Map<string, number> {
  const counts = new Map([...broken.keys()].map((id) => [id, 0]));
  const count = (parent: string | null) => {
    const known = parent === null ? undefined : counts.get(parent);
    if (parent !== null && known !== undefined) counts.set(parent, known + 1);
  };
  for (const parent of parents.values()) count(parent);
  for (const { parent } of broken.values()) count(parent);
  return counts;
}

function moveImage(survey: Survey, id: string, childrenLeft: Map<string, number>): Mend {
  const { graph, broken } = survey;
  return async (lost) => {
    if ((childrenLeft.get(id) ?? 0) > 0) throw new StevedoreError("IMAGE_IN_USE", "others still build on it");
    const moved = await withImage(survey, id, async () =>
      isBroken(graph.directory, id) ? lost.take(imageAt(id)) : undefined,
    );
    const parent = broken.get(id)?.parent;
    if (moved === undefined) return undefined;
    broken.delete(id);
    if (typeof parent === "string") childrenLeft.set(parent, (childrenLeft.get(parent) ?? 0) - 1);
    return moved;
  };
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
