// Images come into the graph: read from a source, checked, and registered as one set with their names.
import type { FileHandle } from "node:fs/promises";
import { availableParallelism } from "node:os";
import type { Graph, RegisteredSet } from "../graph/index.js";
import type { Unpacked } from "../layer/index.js";
import { StevedoreError } from "../terms/index.js";
import { mapConcurrent } from "./map-concurrent.js";
import type { SourceFormat, SourceLayer, SourceRequest } from "./source/index.js";
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

/** How much of a source is taken before it is `LIMIT_EXCEEDED`. */
export interface ImportLimits extends LayersLimits {
  /** The longest record of an image, in bytes. */
  readonly maxRecordBytes: number;
}

export interface ImportOptions extends Omit<SourceRequest, "maxRecordBytes"> {
  readonly limits: ImportLimits;
  /** Kept with each image, to know the work of an earlier try by. */
  readonly jobId?: string | undefined;
  /** Not root: give all to this process's user instead of refusing. Capabilities of files are lost then. */
  readonly allowSquash?: boolean | undefined;
  /** Told of the bytes of layers, as they lie in the source, that were read so far and are to be read in all. */
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

/** What became of a source. */
export interface Imported {
  readonly format: SourceFormat;
  readonly images: readonly {
    readonly id: string;
    readonly names: readonly string[];
    /** How many the source has of it. */
    readonly layers: number;
  }[];
  /** Layers that this import, or an earlier try of its job, brought into the graph. */
  readonly layersAdded: number;
  /** Layers that the graph had before. */
  readonly layersPresent: number;
  /** The sizes of those that were added, in bytes. */
  readonly layerBytes: number;
  /** The names that stood for another image before, with its id. */
  readonly moved: readonly { readonly name: string; readonly previous: string }[];
  readonly ownership: Unpacked["ownership"];
}

/**
 * Imports the images of a docker-archive or an OCI layout: all of them with their names or, whatever happens, none. Of
 * what the graph has already the digests are checked, and no more: a second import adds nothing.
 * @param source the handle of a directory or of a regular file, an archive plain or compressed; it stays open
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
    const layers = layersOf(read);
    const total = layers.reduce((bytes, { blob }) => bytes + blob.file.size, 0);
    const onRead = sumOfEach((done) => options.onProgress?.(done, Math.max(done, total)));
    await checkPresent(graph, layers, { limits, allowSquash, onRead }, signal);
    const filling = beginFilling(graph, layers, { limits, allowSquash, onRead });
    const images = layers.map((layer) => {
      const { record, isDerived } = layer;
      return { record, jobId, isDerived, fill: filling.fillOf(layer) };
    });
    const registered = await graph.registerAll(
      images,
      { names: read.names, concurrency: concurrency() },
      signal,
    );
    return describe(read, registered, filling.ownership(), graph, jobId);
  };
  return await withSource(
    graph,
    source,
    limits.maxImportBytes,
    async (files) => add(await readImages(files, { platform, name, maxRecordBytes: limits.maxRecordBytes })),
    signal,
  );
}

/** The layers of all images, each once, parents before their children. @throws `BAD_ARCHIVE` for two of one id */
function layersOf({ images }: ReadSource): SourceLayer[] {
  const layers = new Map<string, SourceLayer>();
  for (const layer of images.flatMap((image) => image.layers)) {
    const other = layers.get(layer.id);
    if (other === undefined) layers.set(layer.id, layer);
    else if (!isSame(layer, other)) {
      throw new StevedoreError("BAD_ARCHIVE", `two images of the source have the id ${layer.id}`);
    }
  }
  return [...layers.values()];
}

function isSame(one: SourceLayer, other: SourceLayer): boolean {
  return one.isDerived === other.isDerived && (one.isDerived || one.record.equals(other.record));
}

/** Checks those that the graph has. @throws `IMAGE_EXISTS`; as `checkBlob` and `unpackBlob` */
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
  for await (const _ of mapConcurrent(present, concurrency(), check, signal));
}

/** How many layers are read side by side. */
function concurrency(): number {
  return Math.max(2, availableParallelism());
}

async function describe(
  { format, images }: ReadSource,
  { added, present, moved }: RegisteredSet,
  ownership: Unpacked["ownership"],
  graph: Graph,
  jobId: string | undefined,
): Promise<Imported> {
  let layersAdded = 0;
  let layerBytes = 0;
  const isNew = new Set(added);
  for (const id of [...added, ...present]) {
    const facts = await graph.layerFacts(id);
    // An earlier try may have added it, and died before it could tell.
    if (!isNew.has(id) && (jobId === undefined || facts.jobId !== jobId)) continue;
    layersAdded++;
    layerBytes += facts.layerBytes;
  }
  return {
    format,
    images: images.map(({ id, names, layers }) => ({ id, names, layers: layers.length })),
    layersAdded,
    layersPresent: added.length + present.length - layersAdded,
    layerBytes,
    moved: [...moved].map(([name, previous]) => ({ name, previous })),
    ownership,
  };
}
