// Gives an image the tar-split of its layer later than the layer: it was imported by a version that kept none, or came with
// an archive other than the one that its id stands for.
import { rename } from "node:fs/promises";
import { replaceFile, withLock } from "../disk/index.js";
import { factsPath, formatLayerFacts, type LayerFacts, splitPath } from "./facts/index.js";

/** What is learnt of the archive of a layer. */
export interface LateSplit {
  readonly diffId: string;
  /** A tar-split on the same file system, which is moved; undefined if the archive cannot be made again. */
  readonly stagedPath: string | undefined;
}

/**
 * Puts a tar-split in its place, then says so in the facts: a crash in between leaves a tar-split that is of use.
 * @throws the file system's `ENOENT` if the image is not there
 */
export async function placeSplit(
  imageDirectory: string,
  facts: LayerFacts,
  { diffId, stagedPath }: LateSplit,
  signal?: AbortSignal | undefined,
): Promise<void> {
  await withLock(
    imageDirectory,
    async () => {
      if (stagedPath !== undefined) await rename(stagedPath, splitPath(imageDirectory));
      const lossless = stagedPath !== undefined;
      await replaceFile(factsPath(imageDirectory), formatLayerFacts({ ...facts, diffId, lossless }));
    },
    signal,
  );
}
