// Walks over all images of a graph, of which none is hidden for being broken.

import { createYielder } from "../disk/index.js";
import { assertId, type ErrorCode, StevedoreError } from "../terms/index.js";
import { type Image, loadImage, loadRecord } from "./image.js";
import type { ImageIndex } from "./image-index.js";
import { parentOf } from "./record.js";

/** An entry of the graph's directory that cannot be loaded, and why. */
export interface BrokenImage {
  /** The entry's name; in latin1 where it is not a valid id. */
  readonly id: string;
  readonly code: ErrorCode;
  readonly message: string;
}

/** What a listing yields: an image, or what is wrong with it. */
export type ListedImage =
  | { readonly image: Image; readonly broken?: undefined }
  | { readonly image?: undefined; readonly broken: BrokenImage };

/**
 * Yields every entry of the index in the order of the names. An image that left the graph since is left out.
 * @throws `CANCELLED`
 */
export async function* listImages(
  graphDirectory: string,
  index: ImageIndex,
  signal?: AbortSignal | undefined,
): AsyncGenerator<ListedImage, void, undefined> {
  const names = index.strays.length === 0 ? index.ids : [...index.ids, ...index.strays].sort();
  const turn = createYielder(signal);
  for (const name of names) {
    await turn();
    const listed = loadListed(graphDirectory, name);
    if (listed !== undefined) yield listed;
  }
}

/** Gathers the images of a listing by the parent they name; broken ones are left out. */
export async function groupByParent(
  listing: AsyncIterable<ListedImage>,
): Promise<Map<string | null, Image[]>> {
  const families = new Map<string | null, Image[]>();
  for await (const { image } of listing) {
    if (image === undefined) continue;
    const siblings = families.get(image.parent);
    if (siblings === undefined) families.set(image.parent, [image]);
    else siblings.push(image);
  }
  return families;
}

/** The images of which none is the child, in the order of their ids. */
export function findHeads(families: ReadonlyMap<string | null, readonly Image[]>): Image[] {
  const images = [...families.values()].flat();
  return images.filter(({ id }) => !families.has(id)).sort((one, other) => (one.id < other.id ? -1 : 1));
}

/** The parent that an image's record names; null for none, and where no record can be read. */
export function readParent(graphDirectory: string, id: string): string | null {
  try {
    return parentOf(loadRecord(graphDirectory, id).record);
  } catch (error) {
    if (error instanceof StevedoreError && ["IMAGE_NOT_FOUND", "IMAGE_BROKEN"].includes(error.code))
      return null;
    throw error;
  }
}

function loadListed(graphDirectory: string, name: string): ListedImage | undefined {
  try {
    assertId(name);
    return { image: loadImage(graphDirectory, name) };
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    if (error.code === "IMAGE_NOT_FOUND") return undefined;
    return { broken: { id: name, code: error.code, message: error.message } };
  }
}
