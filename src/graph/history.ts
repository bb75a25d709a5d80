// The history of an image: itself, its parent, its parent's parent, to the root of its tree.

import { createYielder } from "../disk/index.js";
import { StevedoreError, shortId } from "../terms/index.js";
import { type Image, loadImage } from "./image.js";
import { readParent } from "./listing.js";

/**
 * Loads an image and all its ancestors, child first.
 * @throws as `loadImage` for an image that is broken; `PARENT_NOT_FOUND` naming the image and the parent it
 * lacks; `PARENT_CYCLE` naming the images that are their own ancestors
 */
export async function readHistory(graphDirectory: string, id: string): Promise<Image[]> {
  let image = loadImage(graphDirectory, id);
  const turn = createYielder();
  const history = [image];
  const seen = new Set([id]);
  while (image.parent !== null) {
    if (seen.has(image.parent)) throw parentCycle(idsFrom(history, image.parent));
    seen.add(image.parent);
    await turn();
    image = loadParent(graphDirectory, image.id, image.parent);
    history.push(image);
  }
  return history;
}

/**
 * Refuses a parent that descends from the new image's own id: an ancestor that was deleted by force would
 * come back as its descendants' child.
 * @param toCome the parents of the images that are added together with it
 * @throws `PARENT_CYCLE`
 */
export async function assertNoDescendant(
  graphDirectory: string,
  id: string,
  parent: string,
  toCome: ReadonlyMap<string, string | null> = new Map(),
): Promise<void> {
  const seen = new Set<string>();
  const turn = createYielder();
  const parentOf = (at: string) => {
    const known = toCome.get(at);
    return known === undefined ? readParent(graphDirectory, at) : known;
  };
  for (let at: string | null = parent; at !== null && !seen.has(at); at = parentOf(at)) {
    await turn();
    if (at === id) {
      throw new StevedoreError("PARENT_CYCLE", `the parent ${parent} descends from the image ${id} itself`);
    }
    seen.add(at);
  }
}

/** The error for an image whose parent the graph does not have. */
export function parentNotFound(id: string, parent: string, cause?: unknown): StevedoreError {
  return new StevedoreError(
    "PARENT_NOT_FOUND",
    `the parent ${parent} of the image ${id} is not in the graph`,
    {
      cause,
    },
  );
}

/** The error for images that are their own ancestors: each the child of the next, the last that of the first. */
export function parentCycle(ids: readonly string[]): StevedoreError {
  const shown = ids.length <= 10 ? ids : [...ids.slice(0, 9).map(shortId), `... ${ids.length - 9} more`];
  return new StevedoreError(
    "PARENT_CYCLE",
    `images are their own ancestors: ${[...shown, ids[0]].join(" <- ")}`,
  );
}

function loadParent(graphDirectory: string, id: string, parent: string): Image {
  try {
    return loadImage(graphDirectory, parent);
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "IMAGE_NOT_FOUND") {
      throw parentNotFound(id, parent, error);
    }
    throw error;
  }
}

function idsFrom(history: readonly Image[], first: string): string[] {
  return history.slice(history.findIndex(({ id }) => id === first)).map(({ id }) => id);
}
