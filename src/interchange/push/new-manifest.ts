// Pushes an image by a manifest that is made for it: one that was made here, or one whose layers are wanted in another form
// than they came in. Its config stays what it was, and so does its image ID.
import { join } from "node:path";
import { forEachConcurrent } from "../../disk/index.js";
import { type Image, type KnownBlob, readConfig } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { config as configSchema, digestOf, parseDocument } from "../formats/index.js";
import { annotationsOf, configOfImage, formatManifest, type OutgoingLayer } from "../target/index.js";
import { stageLayer } from "./layer-upload.js";
import type { OutgoingImage, ReadyManifest } from "./outgoing-image.js";

/** The form of a manifest that is made. */
export interface NewForm {
  readonly format: "oci" | "docker";
  readonly compression: "gzip" | "zstd";
}

/**
 * Gets the layers and the config of an image into the repository, and makes a manifest of them.
 * @throws `INVALID_JOB` for a layer that cannot be made again as it came and is not in the registry; `LIMIT_EXCEEDED` as
 * `configOfImage`; as `stageLayer` and the methods of the repository
 */
export async function readyNewManifest(
  outgoing: OutgoingImage,
  { format, compression }: NewForm,
  signal: AbortSignal,
): Promise<ReadyManifest> {
  const { image, layers, blobs, concurrency } = outgoing;
  const top = image.chain.at(-1) as Image;
  const expected = expectedDiffIds(top);
  const pushed = new Map<string, KnownBlob>();
  const push = async (layer: OutgoingLayer, either: AbortSignal) => {
    const wanted = expected?.[layers.indexOf(layer)];
    pushed.set(layer.image.id, await pushLayer(outgoing, layer, wanted, compression, either));
  };
  await forEachConcurrent(layers, concurrency, push, signal);
  const inOrder = layers.map((layer) => pushed.get(layer.image.id) as KnownBlob);
  const diffIds = new Map([...pushed].map(([id, { diffId }]) => [id, diffId]));
  const bytes = configOfImage(image, diffIds, { isCanonical: false });
  const config = { digest: digestOf(bytes), size: bytes.length };
  await blobs.put(config, bytes, image.id);
  const annotations = annotationsOf(top);
  const made = formatManifest({ format, config, layers: inOrder, compression, annotations });
  return { ...made, config, layers: inOrder };
}

/** The diffIDs that the layers must have, if the image came with a config; undefined if it gets one. */
function expectedDiffIds(top: Image): readonly string[] | undefined {
  const kept = readConfig(top);
  if (kept === undefined) return undefined;
  return parseDocument(kept, configSchema, `the config of ${top.id}`).rootfs.diff_ids ?? [];
}

/** Finds a layer in the registry in a form that is known, or makes and sends it. */
async function pushLayer(
  { graph, blobs, progress, threads, staging }: OutgoingImage,
  layer: OutgoingLayer,
  wanted: string | undefined,
  compression: NewForm["compression"],
  signal: AbortSignal,
): Promise<KnownBlob> {
  const { id } = layer.image;
  const fits = ({ diffId }: Pick<KnownBlob, "diffId">) => wanted === undefined || diffId === wanted;
  const known = layer.known.filter((blob) => blob.compression === compression && fits(blob));
  for (const blob of known) if (await isThere(blob)) return blob;
  if (wanted !== undefined && layer.original?.diffId !== wanted) {
    throw new StevedoreError(
      "INVALID_JOB",
      `the layer of image ${id} cannot be made again as it came (${wanted}), and the registry does not have it`,
    );
  }
  const path = join(staging, id);
  const onProgress = (done: number) => progress.set(id, { state: "sending", done });
  await using staged = await stageLayer(graph, layer, { compression, threads, path, onProgress }, signal);
  const { blob } = staged;
  if (await isThere(blob)) return blob;
  const onSent = (done: number) => progress.set(id, { digest: blob.digest, done, total: blob.size });
  await blobs.send(blob, staged.open, onSent);
  progress.set(id, { digest: blob.digest, state: "done", done: blob.size, total: blob.size });
  return blob;

  async function isThere(one: KnownBlob): Promise<boolean> {
    const origin = await blobs.find(one, id);
    if (origin === undefined) return false;
    const { digest, size } = one;
    progress.set(id, {
      digest,
      state: origin === "mounted" ? "mounted" : "present",
      done: size,
      total: size,
    });
    return true;
  }
}
