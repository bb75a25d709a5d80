// Imports images: reads them from a source, checks them, and registers them with their names as one set.
import type { FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { forEachConcurrent } from "../disk/index.js";
import { fillEmptyLayer, type Graph, type ImageToAdd, type RegisteredSet } from "../graph/index.js";
import type { Unpacked } from "../layer/index.js";
import { StevedoreError } from "../terms/index.js";
import type { ChainImage, SourceFormat, SourceLayer, SourceRequest } from "./source/index.js";
import {
  assertSameLayer,
  beginFilling,
  type FillOptions,
  type LayersLimits,
  type ReadSource,
  readImages,
  withSource,
} from "./source/index.js";
import { sumOfEach } from "./sum-of-each.js";

/** The limits of an import. A source that exceeds one is refused with `LIMIT_EXCEEDED`. */
interface ImportLimits extends LayersLimits {
  /** The longest record of an image, in bytes. */
  readonly maxRecordBytes: number;
}

/** What an import reads, and how. */
export interface ImportOptions extends Omit<SourceRequest, "maxRecordBytes"> {
  readonly limits: ImportLimits;
  /** Is stored with each image, so that a repeated job recognizes the images that its earlier try added. */
  readonly jobId?: string | undefined;
  /** Without root, gives all files to the user of this process instead of failing. File capabilities are lost. */
  readonly allowSquash?: boolean | undefined;
  /** Called with the bytes of layers that were read so far and their total, as the source stores them. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What an import did. */
export interface Imported {
  readonly format: SourceFormat;
  readonly images: readonly {
    readonly id: string;
    readonly names: readonly string[];
    /** How many layers of the image the source has. */
    readonly layers: number;
  }[];
  /** How many layers this import, or an earlier try of its job, added. */
  readonly layersAdded: number;
  /** How many layers the graph had before. */
  readonly layersPresent: number;
  /** The size of the added layers together, in bytes. */
  readonly layerBytes: number;
  /** The names that meant another image before, with the id of that image. */
  readonly moved: readonly { readonly name: string; readonly previous: string }[];
  /** What the source has besides images. */
  readonly skipped: ReadSource["skipped"];
  readonly ownership: Unpacked["ownership"];
}

/**
 * Imports the images of a docker-archive or an OCI layout: all of them with their names, or none. For a layer that the
 * graph has already, only the digests are checked: a second import adds nothing.
 * @param source a directory, or a regular file that holds an archive, compressed or not; the handle stays open
 * @throws as `readImages`, `unpackBlob` and `Graph.registerAll`
 */
export async function importImages(
  graph: Graph,
  source: FileHandle,
  options: ImportOptions,
  signal?: AbortSignal | undefined,
): Promise<Imported> {
  const { platform, name, limits, allowSquash, jobId } = options;
  const add = async (read: ReadSource): Promise<Imported> => {
    const chain = imagesOf(read);
    const layers = chain.filter((each) => each.blob !== undefined);
    const total = layers.reduce((bytes, { blob }) => bytes + blob.file.size, 0);
    const onRead = sumOfEach((done) => options.onProgress?.(done, Math.max(done, total)));
    await checkPresent(graph, layers, { limits, allowSquash, onRead }, signal);
    const filling = beginFilling(graph, chain, { limits, allowSquash, onRead });
    const images = chain.map((image): ImageToAdd => {
      const { record, documents } = image;
      if (documents !== undefined) {
        return { record, documents, jobId, isDerived: false, fill: fillEmptyLayer };
      }
      return { record, jobId, isDerived: image.isDerived, fill: filling.fillOf(image) };
    });
    const settings = { names: read.names, concurrency: concurrency() };
    const registered = await graph.registerAll(images, settings, signal);
    const ids = new Set(layers.map(({ id }) => id));
    return describe(read, ids, registered, filling.ownership(), graph, jobId);
  };
  return await withSource(
    graph,
    source,
    limits.maxImportBytes,
    async (files) => add(await readImages(files, { platform, name, maxRecordBytes: limits.maxRecordBytes })),
    signal,
  );
}

/**
 * Returns the images of all chains, each once, parents before children.
 * @throws `BAD_ARCHIVE` if two have the same id but differ
 */
function imagesOf({ images }: ReadSource): ChainImage[] {
  const byId = new Map<string, ChainImage>();
  for (const image of images.flatMap(({ chain }) => chain)) {
    const other = byId.get(image.id);
    if (other === undefined) byId.set(image.id, image);
    else if (!isSame(image, other)) {
      throw new StevedoreError("BAD_ARCHIVE", `two images of the source have the id ${image.id}`);
    }
  }
  return [...byId.values()];
}

function isSame(one: ChainImage, other: ChainImage): boolean {
  const areLayers = one.blob !== undefined && other.blob !== undefined;
  if (areLayers && one.isDerived !== other.isDerived) return false;
  return one.record.equals(other.record) && (one.blob === undefined) === (other.blob === undefined);
}

/** Checks the layers that the graph has already. @throws `IMAGE_EXISTS`; as `checkBlob` and `unpackBlob` */
async function checkPresent(
  graph: Graph,
  layers: readonly SourceLayer[],
  { limits, allowSquash, onRead }: FillOptions,
  signal: AbortSignal | undefined,
): Promise<void> {
  const present: SourceLayer[] = [];
  for (const layer of layers) if (await graph.exists(layer.id)) present.push(layer);
  const check = (layer: SourceLayer, either: AbortSignal) => {
    const onProgress = (bytesRead: number) => onRead(layer.id, bytesRead);
    const { maxBytes } = limits;
    return assertSameLayer(graph, layer, { limits, maxBytes, allowSquash, onProgress }, either);
  };
  await forEachConcurrent(present, concurrency(), check, signal);
}

/** How many layers are read at the same time. */
function concurrency(): number {
  return Math.max(2, availableParallelism());
}

async function describe(
  { format, images, skipped }: ReadSource,
  layerIds: ReadonlySet<string>,
  { added, present, moved }: RegisteredSet,
  ownership: Unpacked["ownership"],
  graph: Graph,
  jobId: string | undefined,
): Promise<Imported> {
  let layersAdded = 0;
  let layerBytes = 0;
  const isNew = new Set(added);
  const layers = [...added, ...present].filter((id) => layerIds.has(id));
  for (const id of layers) {
    const facts = await graph.layerFacts(id);
    // An earlier try of this job may have added the image and died before it could report that.
    if (!isNew.has(id) && (jobId === undefined || facts.jobId !== jobId)) continue;
    layersAdded++;
    layerBytes += facts.layerBytes;
  }
  return {
    format,
    images: images.map(({ id, names, chain }) => ({
      id,
      names,
      layers: chain.filter(({ blob }) => blob !== undefined).length,
    })),
    layersAdded,
    layersPresent: layers.length - layersAdded,
    layerBytes,
    moved: [...moved].map(([name, previous]) => ({ name, previous })),
    skipped,
    ownership,
  };
}
