// Unpacks the layers of an import. Several are unpacked at the same time; each knows the layers below it.
import type { FillLayer, Graph, KnownBlob } from "../../../graph/index.js";
import {
  copyUpFrom,
  inheritDirectories,
  type SplitLayer,
  type Unpacked,
  type UnpackLimits,
} from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { ChainImage, SourceLayer } from "../source-image.js";
import { unpackBlob } from "./unpack-blob.js";

/** The limits of all layers of a source. One that exceeds them is refused with `LIMIT_EXCEEDED`. */
export interface LayersLimits extends UnpackLimits {
  /** The largest size of all decompressed layers together, and of an archive that is compressed as a whole. */
  readonly maxImportBytes: number;
}

/** How layers are unpacked. */
export interface FillOptions {
  readonly limits: LayersLimits;
  /** Without root, gives all files to the user of this process instead of failing. */
  readonly allowSquash?: boolean | undefined;
  /** Called with the bytes of a layer that were read so far, as the source stores them. */
  readonly onRead: (id: string, bytesRead: number) => void;
}

/** Unpacks the layers of one import. */
interface LayerFilling {
  /** Returns what unpacks a layer. The layers below it must be begun before it, or be in the graph. */
  fillOf(layer: SourceLayer): FillLayer;
  /** Whether all files have kept their owners. */
  ownership(): Unpacked["ownership"];
}

/** Prepares to unpack layers. @param images all images of the import, also those that the graph has */
export function beginFilling(
  graph: Graph,
  images: readonly ChainImage[],
  { limits, allowSquash, onRead }: FillOptions,
): LayerFilling {
  const parents = new Map(images.map(({ id, parent }) => [id, parent]));
  const withoutContent = new Set(images.filter(({ blob }) => blob === undefined).map(({ id }) => id));
  /** The directory of each layer that was begun; resolved once the layer is complete. */
  const begun = new Map<string, Promise<string>>();
  let left = limits.maxImportBytes;
  let isSquashed = false;

  async function fill(
    { id, blob, parent }: SourceLayer,
    { layerDirectory: directory, splitPath }: SplitLayer,
    signal: AbortSignal | undefined,
  ): Promise<Unpacked> {
    const onProgress = (bytesRead: number) => onRead(id, bytesRead);
    const copyUp = parent === null ? undefined : copyUpFrom(() => below(parent));
    const options = { limits, allowSquash, onProgress, splitPath, copyUp };
    const unpacked = await unpackBlob(blob, directory, options, signal);
    const { archiveBytes, copiedBytes, ownership, impliedDirectories } = unpacked;
    left -= archiveBytes + copiedBytes;
    if (left < 0) throw tooMuch(limits);
    isSquashed ||= ownership === "squashed";
    if (parent !== null && impliedDirectories.length > 0) {
      await inheritDirectories(directory, impliedDirectories, await below(parent), signal);
    }
    return unpacked;
  }

  /** Waits until a layer and all below it are complete. @returns their directories, topmost first */
  async function below(id: string): Promise<string[]> {
    const directories: string[] = [];
    for (let at: string | null | undefined = id; at; at = parents.get(at)) {
      if (withoutContent.has(at)) continue;
      const own = begun.get(at);
      // An image of the graph has all its ancestors in the graph.
      if (own === undefined) return [...directories, ...(await graph.layers(at))];
      directories.push(await own);
    }
    return directories;
  }

  return {
    fillOf: (layer) => async (directory, signal, splitPath) => {
      const filling = fill(layer, { layerDirectory: directory, splitPath }, signal);
      const whole = filling.then(() => directory);
      whole.catch(() => undefined);
      begun.set(layer.id, whole);
      const unpacked = await filling;
      return { ...unpacked, blob: knownBlob(layer, unpacked) };
    },
    ownership: () => (isSquashed ? "squashed" : "kept"),
  };
}

/** The compressed form in which a layer came, if it may stand for the layer again: other ids do not tell of what. */
function knownBlob(
  { isDerived, blob: { file, digest } }: SourceLayer,
  { compression, diffId }: Unpacked,
): KnownBlob | undefined {
  if (!isDerived || digest === undefined) return undefined;
  if (compression !== "gzip" && compression !== "zstd") return undefined;
  return { diffId, compression, digest, size: file.size, isMade: false };
}

function tooMuch({ maxImportBytes }: LayersLimits): StevedoreError {
  return new StevedoreError(
    "LIMIT_EXCEEDED",
    `the layers are larger than ${maxImportBytes} bytes together: --max-import-bytes raises the limit`,
  );
}
