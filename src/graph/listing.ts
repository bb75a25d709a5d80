// Walks over all images of a graph: a bounded number is read at a time, and none is hidden for being broken.
import { type DomainErrorCode, StevedoreError, throwIfAborted } from "../error.js";
import { assertId } from "./id.js";
import { type Image, loadImage, loadRecord } from "./image.js";
import type { ImageIndex } from "./image-index.js";
import { parentOf } from "./record.js";

/** An entry of the graph's directory that cannot be loaded, and why. */
export interface BrokenImage {
  /** The entry's name; in latin1 where it is no id. */
  readonly id: string;
  readonly code: DomainErrorCode;
  readonly message: string;
}

/** What a listing yields: an image, or what is wrong with it. */
export type ListedImage =
  | { readonly image: Image; readonly broken?: undefined }
  | { readonly image?: undefined; readonly broken: BrokenImage };

/** Records that are read at a time: enough to keep the disk busy. */
const readAhead = 16;

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
  for await (const listed of mapInOrder(names, (name) => loadListed(graphDirectory, name), signal)) {
    if (listed !== undefined) yield listed;
  }
}

/**
 * The ids of the images whose record names this parent, sorted, images without a layer included. Reads every
 * record once.
 * @throws `CANCELLED`
 */
export async function childrenOf(
  graphDirectory: string,
  index: ImageIndex,
  parent: string,
  signal?: AbortSignal | undefined,
): Promise<string[]> {
  const children: string[] = [];
  const load = async (id: string) => ({ id, parent: await readParent(graphDirectory, id) });
  for await (const image of mapInOrder(index.ids, load, signal)) {
    if (image.parent === parent) children.push(image.id);
  }
  return children;
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
export async function readParent(graphDirectory: string, id: string): Promise<string | null> {
  try {
    return parentOf((await loadRecord(graphDirectory, id)).record);
  } catch (error) {
    if (error instanceof StevedoreError && ["IMAGE_NOT_FOUND", "IMAGE_BROKEN"].includes(error.code))
      return null;
    throw error;
  }
}

async function loadListed(graphDirectory: string, name: string): Promise<ListedImage | undefined> {
  try {
    assertId(name);
    return { image: await loadImage(graphDirectory, name) };
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    if (error.code === "IMAGE_NOT_FOUND") return undefined;
    return { broken: { id: name, code: error.code, message: error.message } };
  }
}

/** Yields `load(name)` of each name in order, `readAhead` of them under way at a time. */
async function* mapInOrder<T>(
  names: readonly string[],
  load: (name: string) => Promise<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const running: Promise<T>[] = [];
  try {
    for (const name of names) {
      throwIfAborted(signal);
      running.push(load(name));
      if (running.length >= readAhead) yield await (running.shift() as Promise<T>);
    }
    for (let next = running.shift(); next !== undefined; next = running.shift()) {
      throwIfAborted(signal);
      yield await next;
    }
  } finally {
    // The reader left early or one failed: what is still under way ends here, and its errors with it.
    await Promise.allSettled(running);
  }
}
