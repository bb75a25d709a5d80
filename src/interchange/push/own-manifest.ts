// Pushes an image by the manifest that it came with, byte for byte, so that it keeps its digest: where the registry has its
// blobs, or they can be made here as they are.
import { join } from "node:path";
import { forEachConcurrent } from "../../disk/index.js";
import { type Image, readConfig, readManifest } from "../../graph/index.js";
import { type Descriptor, type Manifest, manifest, mediaTypes, parseDocument } from "../formats/index.js";
import type { OutgoingLayer } from "../target/index.js";
import { openTar, stageLayer } from "./layer-upload.js";
import type { OutgoingImage, ReadyManifest, WantedForm } from "./outgoing-image.js";

/** The manifest that an image came with. */
export interface OwnManifest {
  readonly mediaType: string;
  readonly format: "oci" | "docker";
  readonly bytes: Buffer;
  readonly content: Manifest;
}

/** Reads the manifest that an image came with; undefined if it came without. @throws as `readManifest` */
export function readOwnManifest(image: Image): OwnManifest | undefined {
  const bytes = readManifest(image);
  if (bytes === undefined) return undefined;
  const content = parseDocument(bytes, manifest, `the manifest of ${image.id}`);
  const isDocker = [mediaTypes.docker.manifest, mediaTypes.docker.config].includes(
    (content.mediaType || content.config.mediaType) as never,
  );
  const format = isDocker ? "docker" : "oci";
  return { mediaType: content.mediaType || mediaTypes[format].manifest, format, bytes, content };
}

/** Tells whether a manifest has the form that is asked for. */
export function hasForm(
  { format, content }: Pick<OwnManifest, "format" | "content">,
  wanted: WantedForm,
): boolean {
  if (wanted.format !== undefined && wanted.format !== format) return false;
  const { compression } = wanted;
  if (compression === undefined) return true;
  return (content.layers ?? []).every(({ mediaType }) => mediaType.endsWith(`${compression}`));
}

/**
 * Gets the blobs of an image's own manifest into the repository.
 * @returns undefined if that cannot be: a layer is not there, and cannot be made as it was
 * @throws as `stageLayer` and the methods of the repository
 */
export async function readyOwnManifest(
  outgoing: OutgoingImage,
  own: OwnManifest,
  signal: AbortSignal,
): Promise<ReadyManifest | undefined> {
  const { image, layers, blobs, progress, concurrency } = outgoing;
  const { config, layers: listed } = own.content;
  const descriptors = listed ?? [];
  const pairs = layers.flatMap((layer, at) => {
    const descriptor = descriptors[at];
    return descriptor === undefined ? [] : [{ layer, descriptor }];
  });
  const top = image.chain.at(-1);
  const configBytes = top === undefined ? undefined : readConfig(top);
  if (configBytes === undefined || pairs.length !== Math.max(descriptors.length, layers.length))
    return undefined;

  // First all are looked for: nothing is sent for a manifest that cannot be.
  const missing: typeof pairs = [];
  await forEachConcurrent(
    pairs,
    concurrency,
    async ({ layer, descriptor }) => {
      const { digest } = descriptor;
      const origin = await blobs.find(descriptor, layer.image.id);
      if (origin === undefined) missing.push({ layer, descriptor });
      else progress.set(layer.image.id, { digest, state: origin === "mounted" ? "mounted" : "present" });
    },
    signal,
  );
  if (
    !missing.every(({ layer, descriptor }) => isPlain(layer, descriptor) || isRemembered(layer, descriptor))
  )
    return undefined;
  let isOther = false;
  await forEachConcurrent(
    missing,
    concurrency,
    async ({ layer, descriptor }, either) => {
      if (!isOther && !(await sendAsItWas(outgoing, layer, descriptor, either))) isOther = true;
    },
    signal,
  );
  if (isOther) return undefined;
  await blobs.put(config, configBytes, image.id);
  return { ...own, config, layers: descriptors };
}

/** True for a layer that came uncompressed, and can be made again. */
function isPlain({ original }: OutgoingLayer, { digest }: Descriptor): boolean {
  return original?.diffId === digest;
}

/** True for a layer that came in a form that is made here, too. */
function isRemembered({ known }: OutgoingLayer, { digest, size }: Descriptor): boolean {
  return known.some((blob) => blob.isMade && blob.digest === digest && blob.size === size);
}

/** Sends a layer in the form that it had. False if it comes out as another: the program that made it then has changed. */
async function sendAsItWas(
  { graph, blobs, progress, threads, staging }: OutgoingImage,
  layer: OutgoingLayer,
  descriptor: Descriptor,
  signal: AbortSignal,
): Promise<boolean> {
  const { id } = layer.image;
  const { digest, size } = descriptor;
  if (isPlain(layer, descriptor)) {
    const onSent = (done: number) => progress.set(id, { digest, state: "sending", done, total: size });
    await blobs.send(descriptor, (start) => openTar(layer, start, signal), onSent);
  } else {
    const compression = layer.known.find((blob) => blob.digest === digest)?.compression ?? "gzip";
    const onProgress = (done: number) => progress.set(id, { digest, state: "sending", done });
    const path = join(staging, `${id}.own`);
    await using staged = await stageLayer(graph, layer, { compression, threads, path, onProgress }, signal);
    if (staged.blob.digest !== digest) return false;
    const onSent = (done: number) => progress.set(id, { done, total: size });
    await blobs.send(descriptor, staged.open, onSent);
  }
  progress.set(id, { digest, state: "done", done: size, total: size });
  return true;
}
