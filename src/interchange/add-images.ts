// Adds the images that were read from a source to the graph, with their names, as one set: wherever they come from.
import { forEachConcurrent } from "../disk/index.js";
import { fillEmptyLayer, type Graph, type ImageToAdd, type RegisteredSet } from "../graph/index.js";
import type { Unpacked } from "../layer/index.js";
import { StevedoreError } from "../terms/index.js";
import type { ChainImage, FillOptions, LayersLimits, ReadSource, SourceLayer } from "./source/index.js";
import { assertSameLayer, beginFilling, isKnownLayer } from "./source/index.js";

/** The limits of what is added. A source that exceeds one is refused with `LIMIT_EXCEEDED`. */
export interface ImportLimits extends LayersLimits {
  /** The longest record of an image, in bytes. */
  readonly maxRecordBytes: number;
}

/** How images are added. */
export interface AddOptions {
  readonly limits: LayersLimits;
  /** Is stored with each image, so that a repeated job recognizes the images that its earlier try added. */
  readonly jobId?: string | undefined;
  /** Without root, gives all files to the user of this process instead of failing. File capabilities are lost. */
  readonly allowSquash?: boolean | undefined;
  /** How many layers are read side by side. */
  readonly concurrency: number;
  /** Named to who wants one of the images deleted meanwhile. Default: an import. */
  readonly purpose?: string | undefined;
  /**
   * Which layers of the source are read that the graph has already: all, so that no damaged source passes, or those alone
   * of which the graph does not know that they are the same.
   */
  readonly reads: "all" | "unknown";
  readonly progress: AddProgress;
}

/** Is told how the layers of a source get on. */
export interface AddProgress {
  /** What the graph has of the layers, before any is read. Of the others, all are read, or none of them fails. */
  begin?(present: ReadonlySet<string>): void;
  /** The bytes of a layer that were read so far, as the source stores them. */
  read: FillOptions["onRead"];
  /** A layer that was read is whole. */
  end?(id: string): void;
}

/** What was added. */
export interface AddedImages {
  readonly images: readonly {
    readonly id: string;
    readonly names: readonly string[];
    /** How many layers of the image the source has. */
    readonly layers: number;
  }[];
  /** How many layers were added now, or by an earlier try of the job. */
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
 * Adds the images with their names, all or none.
 * @throws as `unpackBlob` and `Graph.registerAll`; `BAD_ARCHIVE` if two images have the same id but differ;
 * `IMAGE_EXISTS` if the graph has another image under an id
 */
export async function addImages(
  graph: Graph,
  read: ReadSource,
  { limits, allowSquash, jobId, concurrency, purpose, reads, progress }: AddOptions,
  signal?: AbortSignal | undefined,
): Promise<AddedImages> {
  const chain = imagesOf(read);
  const layers = layersOf(chain);
  const options = { limits, allowSquash, onRead: progress.read };
  const { known, unknown } = await findPresent(graph, layers, reads);
  progress.begin?.(new Set(known.map(({ id }) => id)));
  const check = async (layer: SourceLayer, either: AbortSignal) => {
    await assertSame(graph, layer, options, either);
    progress.end?.(layer.id);
  };
  await forEachConcurrent(unknown, concurrency, check, signal);
  const filling = beginFilling(graph, chain, options);
  const images = chain.map((image): ImageToAdd => {
    const { record, documents } = image;
    if (documents !== undefined) {
      return { record, documents, jobId, isDerived: false, fill: fillEmptyLayer };
    }
    const fill = filling.fillOf(image);
    return {
      record,
      jobId,
      isDerived: image.isDerived,
      async fill(directory, either, splitPath) {
        const filled = await fill(directory, either, splitPath);
        progress.end?.(image.id);
        return filled;
      },
    };
  });
  const registered = await graph.registerAll(images, { names: read.names, concurrency, purpose }, signal);
  return describe(read, layers, registered, filling.ownership(), graph, jobId);
}

/**
 * Returns the layers of all images of a source, each once, the lower before those above.
 * @throws `BAD_ARCHIVE` if two images have the same id but differ
 */
export function layersIn(read: ReadSource): SourceLayer[] {
  return layersOf(imagesOf(read));
}

function layersOf(chain: readonly ChainImage[]): SourceLayer[] {
  return chain.filter((each) => each.blob !== undefined);
}

/** Returns the images of all chains, each once, parents before children. */
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

/** The layers that the graph has: those that need not be read, and those that must be. */
async function findPresent(
  graph: Graph,
  layers: readonly SourceLayer[],
  reads: AddOptions["reads"],
): Promise<{ readonly known: readonly SourceLayer[]; readonly unknown: readonly SourceLayer[] }> {
  const [known, unknown]: [SourceLayer[], SourceLayer[]] = [[], []];
  for (const layer of layers) {
    if (!(await graph.exists(layer.id))) continue;
    const isRead = reads === "all" || !(await isKnownLayer(graph, layer));
    (isRead ? unknown : known).push(layer);
  }
  return { known, unknown };
}

/** Checks a layer that the graph has already. @throws `IMAGE_EXISTS`; as `checkBlob` and `unpackBlob` */
async function assertSame(
  graph: Graph,
  layer: SourceLayer,
  { limits, allowSquash, onRead }: FillOptions,
  signal: AbortSignal,
): Promise<void> {
  const onProgress = (bytesRead: number) => onRead(layer.id, bytesRead);
  const { maxBytes } = limits;
  await assertSameLayer(graph, layer, { limits, maxBytes, allowSquash, onProgress }, signal);
}

async function describe(
  { images, skipped }: ReadSource,
  all: readonly SourceLayer[],
  { added, present, moved }: RegisteredSet,
  ownership: Unpacked["ownership"],
  graph: Graph,
  jobId: string | undefined,
): Promise<AddedImages> {
  let layersAdded = 0;
  let layerBytes = 0;
  const layerIds = new Set(all.map(({ id }) => id));
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
