// Whether an image that the graph has already is the one that a source would add under a derived id. Such an id follows
// from the layer, but whoever may store images can give any id to anything: what is there has to prove that it is the
// same, or an image made beforehand would take the place of one that everybody trusts by its digest (as CVE-2014-9357's
// kin did to Docker).
import { mkdir } from "node:fs/promises";
import type { Graph } from "../../../graph/index.js";
import { digestLayer, inheritDirectories } from "../../../layer/index.js";
import { StevedoreError } from "../../../terms/index.js";
import type { SourceLayer } from "../source-image.js";
import { type CheckBlobOptions, checkBlob } from "./check-blob.js";
import { type UnpackBlobOptions, unpackBlob } from "./unpack-blob.js";

/**
 * Checks the blob of a layer whose id the graph has, and holds a derived layer against the image of its id. The digest under which that was unpacked is the proof; one that
 * came otherwise, out of an export that carried its id, is compared by its content, for which the layer is unpacked.
 * @throws `IMAGE_EXISTS` if the image is another; as `unpackBlob`
 */
export async function assertSameLayer(
  graph: Graph,
  { id, parent, isDerived, blob }: SourceLayer,
  options: UnpackBlobOptions & CheckBlobOptions,
  signal: AbortSignal,
): Promise<void> {
  const check = () => checkBlob(blob, options, signal);
  // Whether its record is the same is for the graph to see.
  if (!isDerived) return check();
  const image = await graph.get(id);
  const facts = await graph.layerFacts(id, signal);
  if (image.parent === parent && facts.diffId === blob.diffId) return check();
  const isSame =
    image.parent === parent &&
    (await graph.withStaging(async (path) => {
      await mkdir(path, { mode: 0o755 });
      const { impliedDirectories } = await unpackBlob(blob, path, options, signal);
      const [, ...below] = await graph.layers(id);
      await inheritDirectories(path, impliedDirectories, below, signal);
      const [ours, theirs] = [
        await digestLayer(image.layerDirectory, signal),
        await digestLayer(path, signal),
      ];
      return ours.tarDigest === theirs.tarDigest;
    }));
  if (isSame) return;
  throw new StevedoreError(
    "IMAGE_EXISTS",
    `the graph has another image under the id ${id} than the one whose layer is ${blob.diffId}`,
  );
}
