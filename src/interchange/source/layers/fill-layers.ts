// Unpacks the layers of an import, some side by side, each on top of those below it.

import type { FillLayer, Graph } from "../../../graph/index.js";
import { inheritDirectories, type Unpacked, type UnpackLimits } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { SourceLayer } from "../source-image.js";
import { unpackBlob } from "./unpack-blob.js";

/** How much of a source is taken before it is `LIMIT_EXCEEDED`. */
export interface LayersLimits extends UnpackLimits {
  /** Decompressed bytes: of all layers together, and of an archive that is compressed as a whole. */
  readonly maxImportBytes: number;
}

export interface FillOptions {
  readonly limits: LayersLimits;
  readonly allowSquash?: boolean | undefined;
  /** Told of the bytes of a layer, as they lie in the source, that were read so far. */
  readonly onRead: (id: string, bytesRead: number) => void;
}

/** The layers of one import. */
export interface LayerFilling {
  /** What unpacks a layer. Those below it must have been begun before, or be in the graph. */
  fillOf(layer: SourceLayer): FillLayer;
  /** Whether an owner was lost. */
  ownership(): Unpacked["ownership"];
}

/** @param layers all of the import, also those that are in the graph */
export function beginFilling(
  graph: Graph,
  layers: readonly SourceLayer[],
  { limits, allowSquash, onRead }: FillOptions,
): LayerFilling {
  const parents = new Map(layers.map(({ id, parent }) => [id, parent]));
  /** Where the layers that were begun will be whole. */
  const begun = new Map<string, Promise<string>>();
  let left = limits.maxImportBytes;
  let isSquashed = false;

  async function fill({ id, blob, parent }: SourceLayer, directory: string, signal: AbortSignal | undefined) {
    const onProgress = (bytesRead: number) => onRead(id, bytesRead);
    const options = { limits, allowSquash, onProgress };
    const { diffId, archiveBytes, ownership, impliedDirectories } = await unpackBlob(
      blob,
      directory,
      options,
      signal,
    );
    left -= archiveBytes;
    if (left < 0) throw tooMuch(limits);
    isSquashed ||= ownership === "squashed";
    if (parent !== null && impliedDirectories.length > 0) {
      await inheritDirectories(directory, impliedDirectories, await below(parent), signal);
    }
    return diffId;
  }

  /** The directories of a layer and those below it, topmost first, when all are whole. */
  async function below(id: string): Promise<string[]> {
    const directories: string[] = [];
    for (let at: string | null | undefined = id; at; at = parents.get(at)) {
      const own = begun.get(at);
      // What is in the graph has all its ancestors there.
      if (own === undefined) return [...directories, ...(await graph.layers(at))];
      directories.push(await own);
    }
    return directories;
  }

  return {
    fillOf: (layer) => async (directory, signal) => {
      const filling = fill(layer, directory, signal);
      const whole = filling.then(() => directory);
      whole.catch(() => undefined);
      begun.set(layer.id, whole);
      return { diffId: await filling };
    },
    ownership: () => (isSquashed ? "squashed" : "kept"),
  };
}

function tooMuch({ maxImportBytes }: LayersLimits): StevedoreError {
  return new StevedoreError(
    "LIMIT_EXCEEDED",
    `the layers are larger than ${maxImportBytes} bytes together: --max-import-bytes raises the limit`,
  );
}
