// Walks over all images of a graph, of which none is hidden for being broken.

import { createYielder, type FileStamp, readPlainFileWithStamp } from "../disk/index.js";
import { assertId, type ErrorCode, StevedoreError } from "../terms/index.js";
import { type Image, imagePaths, loadImage, loadRecord, readable } from "./image.js";
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
  const turn = createYielder(signal);
  for (const name of sortedNames(index)) {
    await turn();
    const listed = loadListed(graphDirectory, name);
    if (listed !== undefined) yield listed;
  }
}

/** All names of an index, in their order. */
export function sortedNames({ ids, strays }: ImageIndex): readonly string[] {
  return strays.length === 0 ? ids : [...ids, ...strays].sort();
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

/** The same with the stamp of the record's file; undefined where that is no file that can be read. */
export function readParentWithStamp(
  graphDirectory: string,
  id: string,
): { readonly parent: string | null; readonly stamp: FileStamp } | undefined {
  let read: ReturnType<typeof readPlainFileWithStamp>;
  try {
    read = readPlainFileWithStamp(imagePaths(graphDirectory, id).record);
  } catch {
    return undefined;
  }
  if (read === undefined) return undefined;
  return { parent: parentIn(read.bytes, id), stamp: read.stamp };
}

/** The parent that the record of an image names, by its bytes; null for none, and for one that is not good. */
export function parentIn(recordBytes: Buffer, id: string): string | null {
  try {
    return parentOf(readable(recordBytes, id).record);
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "IMAGE_BROKEN") return null;
    throw error;
  }
}

/** What a listing yields for a name; undefined for an image that has left the graph. */
export function loadListed(graphDirectory: string, name: string): ListedImage | undefined {
  try {
    assertId(name);
    return { image: loadImage(graphDirectory, name) };
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    if (error.code === "IMAGE_NOT_FOUND") return undefined;
    return { broken: { id: name, code: error.code, message: error.message } };
  }
}
