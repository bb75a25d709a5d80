// All images of a graph with what listings show of them, as the disk is now. The first time all of them are read, later
// only those whose files have another time.

import {
  createStampedMemory,
  createYielder,
  joinStamps,
  readStamp,
  rootPath,
  shareRuns,
} from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import {
  checksumsPath,
  factsPath,
  imagePaths,
  knownLayerFacts,
  loadImage,
  openImageIndex,
  readParent,
} from "../graph/index.js";
import { assertId, type ErrorCode, isId, StevedoreError } from "../terms/index.js";
import { type ImageSummary, inBrief, leadingChecksum } from "./image-summary.js";

/** An image as a catalog has it. While nothing of it changes it is the same object. */
export interface CatalogImage extends Pick<ImageSummary, "parent" | "created" | "comment" | "checksum"> {
  /** The name of its directory; in latin1 where that is not a valid id. */
  readonly id: string;
  /** Null for a layer that was never measured. */
  readonly layerBytes: number | null;
  /** The recipes by which a checksum is stored. */
  readonly checksums: readonly string[];
  /** Why it cannot be loaded; its parent is known all the same where its record can be read. */
  readonly broken?: { readonly code: ErrorCode; readonly message: string } | undefined;
}

export interface ImageCatalog {
  /** When the count began, in ms since the epoch: what happened later may be missing. */
  readonly asOf: number;
  /** In the order of their ids, broken ones among them. */
  readonly images: readonly CatalogImage[];
  /** The ids of the images that name each id as their parent, sorted; whether or not there is such an image. */
  readonly children: ReadonlyMap<string, readonly string[]>;
}

/**
 * A function that counts the images. Those who ask while one count is under way share the next.
 * @throws through it: `CANCELLED`, `INTERNAL` for a graph that cannot be read
 */
export function openImageCatalog(
  graph: Graph,
  signal?: AbortSignal | undefined,
): () => Promise<ImageCatalog> {
  const index = openImageIndex(graph.directory);
  const known = createStampedMemory<CatalogImage>();
  const dictionary = rootPath(graph.root, "checksums");

  async function count(): Promise<ImageCatalog> {
    const asOf = Date.now();
    const { ids, strays } = await index();
    const turn = createYielder(signal);
    // Once: what is read of it later is not older.
    const ofAll = readStamp(dictionary);
    const images: CatalogImage[] = strays.map((name) => brokenImage(graph, name, nameError(name)));
    for (const id of ids) {
      await turn();
      const stamp = joinStamps([ofAll, ...filesOf(graph, id).map(readStamp)]);
      const last = known.recall(id, stamp);
      const image = last ?? (await readImage(graph, id));
      if (last === undefined) known.note(id, stamp, image);
      if (image !== undefined) images.push(image);
    }
    known.keepOnly(ids);
    if (strays.length > 0) images.sort((one, other) => (one.id < other.id ? -1 : 1));
    return { asOf, images, children: childrenOf(images) };
  }

  return shareRuns(count);
}

/** The files that decide what a catalog says of an image. */
function filesOf({ directory }: Graph, id: string): string[] {
  const paths = imagePaths(directory, id);
  return [paths.record, paths.layer, factsPath(paths.directory), checksumsPath(paths.directory)];
}

/** Undefined for an image that has left the graph. */
async function readImage(graph: Graph, id: string): Promise<CatalogImage | undefined> {
  try {
    const image = loadImage(graph.directory, id);
    const stored = await graph.storedChecksums(id);
    return {
      ...inBrief(image),
      layerBytes: knownLayerFacts(imagePaths(graph.directory, id))?.layerBytes ?? null,
      checksum: leadingChecksum(stored),
      checksums: Object.keys(stored),
    };
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    return error.code === "IMAGE_NOT_FOUND" ? undefined : brokenImage(graph, id, error);
  }
}

function brokenImage(graph: Graph, id: string, { code, message }: StevedoreError): CatalogImage {
  return {
    id,
    parent: isId(id) ? parentIfKnown(graph, id) : null,
    created: null,
    comment: null,
    layerBytes: null,
    checksum: null,
    checksums: [],
    broken: { code, message },
  };
}

function parentIfKnown(graph: Graph, id: string): string | null {
  try {
    return readParent(graph.directory, id);
  } catch {
    return null;
  }
}

function nameError(name: string): StevedoreError {
  try {
    assertId(name);
  } catch (error) {
    if (error instanceof StevedoreError) return error;
  }
  throw new Error(`${name} is an id`);
}

function childrenOf(images: readonly CatalogImage[]): ReadonlyMap<string, readonly string[]> {
  const children = new Map<string, string[]>();
  for (const { id, parent } of images) {
    if (parent === null) continue;
    const siblings = children.get(parent);
    if (siblings === undefined) children.set(parent, [id]);
    else siblings.push(id);
  }
  return children;
}
