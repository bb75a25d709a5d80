// Checks that an image of the graph is the one that a source would add under the same derived id. A derived id is
// computed from the layer, but `store` takes any id: without this check a forged image could take the place of one that
// is trusted by its digest.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "../../../graph/index.js";
import { copyUpFrom, digestLayer, inheritDirectories } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { SourceLayer } from "../source-image.js";
import { type CheckBlobOptions, checkBlob } from "./check-blob.js";
import { type UnpackBlobOptions, unpackBlob } from "./unpack-blob.js";

/**
 * Tells whether an image of the graph is known to be the one that a source would add under its id, without a look at the
 * blob: for a derived id by the parent and the diffID. The graph compares the records of the others.
 * @throws `IMAGE_NOT_FOUND`, `IMAGE_BROKEN`
 */
export async function isKnownLayer(
  graph: Graph,
  { id, parent, isDerived, blob }: SourceLayer,
): Promise<boolean> {
  if (!isDerived) return true;
  const image = await graph.get(id);
  return image.parent === parent && (await graph.layerFacts(id)).diffId === blob.diffId;
}

/**
 * Checks the blob of a layer whose id the graph has. For a derived id the image must have the same layer: its stored
 * diffID proves that. An image with another diffID or none is compared by its content, for which the blob is unpacked; so
 * is one of which it is not known whether its archive can be made again. That is known from then on.
 * @throws `IMAGE_EXISTS` if the image has another layer; as `unpackBlob`
 */
export async function assertSameLayer(
  graph: Graph,
  { id, parent, isDerived, blob }: SourceLayer,
  options: UnpackBlobOptions & CheckBlobOptions,
  signal: AbortSignal,
): Promise<void> {
  const check = () => checkBlob(blob, options, signal);
  // The graph compares the records of images whose ids are not derived.
  if (!isDerived) return check();
  const image = await graph.get(id);
  const facts = await graph.layerFacts(id, signal);
  const isKnown = facts.diffId === blob.diffId && facts.lossless !== undefined;
  if (image.parent === parent && isKnown) return check();
  const isSame =
    image.parent === parent &&
    (await graph.withStaging(async (stage) => {
      const [path, splitPath] = [join(stage, "layer"), join(stage, "split")];
      await mkdir(stage, { mode: 0o700 });
      await mkdir(path, { mode: 0o755 });
      const [, ...below] = await graph.layers(id);
      const copyUp = parent === null ? undefined : copyUpFrom(async () => below);
      const unpacked = await unpackBlob(blob, path, { ...options, splitPath, copyUp }, signal);
      await inheritDirectories(path, unpacked.impliedDirectories, below, signal);
      const [ours, theirs] = [
        await digestLayer(image.layerDirectory, signal),
        await digestLayer(path, signal),
      ];
      if (ours.tarDigest !== theirs.tarDigest) return false;
      const stagedPath = unpacked.isLossless ? splitPath : undefined;
      await graph.storeSplit(id, { diffId: unpacked.diffId, stagedPath }, signal);
      return true;
    }));
  if (isSame) return;
  throw new StevedoreError(
    "IMAGE_EXISTS",
    `the graph has another image under the id ${id} than the one whose layer is ${blob.diffId}`,
  );
}
