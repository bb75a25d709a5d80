// Pushes an image to a registry. What the registry has is not sent; the manifest goes last, so that whoever pulls meanwhile
// gets the image that was there before, or this one whole.
import { mkdir } from "node:fs/promises";
import { type Graph, isConfigImage } from "../../graph/index.js";
import {
  defaultTag,
  formatRegistryReference,
  type RegistryReference,
  StevedoreError,
} from "../../terms/index.js";
import { digestOf } from "../formats/index.js";
import { followLayers, type OnLayerProgress } from "../layer-progress.js";
import type { Registries } from "../registry/index.js";
import { type ExportedImage, outgoingLayer, type Threads } from "../target/index.js";
import { mountSources } from "./mount-sources.js";
import { readyNewManifest } from "./new-manifest.js";
import { assertForm, type OutgoingImage, type ReadyManifest, type WantedForm } from "./outgoing-image.js";
import { hasForm, readOwnManifest, readyOwnManifest } from "./own-manifest.js";
import { openTargetBlobs, type TargetBlobs } from "./target-blobs.js";

/** What is pushed, where to, and how. */
export interface PushRequest {
  /** The id of the image. */
  readonly id: string;
  /** With a tag. */
  readonly reference: RegistryReference;
  /** Default: that of the manifest which the image came with, else OCI's. */
  readonly format?: "oci" | "docker" | undefined;
  /** Default: that of the manifest which the image came with, else gzip. */
  readonly compression?: "gzip" | "zstd" | undefined;
  readonly threads: Threads;
  /** Names this push in the error that a deletion of its images gets meanwhile. */
  readonly purpose: string;
  /** Is called with the bytes of layers that were read or sent and are to be, and with all layers. */
  readonly onProgress?: OnLayerProgress | undefined;
}

/** What a push did. */
export interface Pushed {
  /** The digest of the manifest. */
  readonly digest: string;
  readonly mediaType: string;
  /** The bytes of the blobs that were sent, and of the manifest. */
  readonly bytesSent: number;
  /** How many of the manifest's blobs, each counted once, the repository had. */
  readonly blobsPresent: number;
  /** How many came from another repository of the registry. */
  readonly blobsMounted: number;
  readonly blobsSent: number;
  /** How many layers the image has. */
  readonly layers: number;
}

/**
 * Pushes an image with its layers. One that came with a manifest goes out by it, and keeps its digest, where the registry
 * has its blobs or they can be made as they were, unless another form is asked for. Else its layers are compressed, their
 * digests remembered, and a manifest is made; the config stays, and so does the image ID. None of its images can be deleted
 * meanwhile.
 * @throws `INVALID_JOB` for a reference with a digest, a form that there is not, or a layer that cannot be made again;
 * `IMAGE_NOT_FOUND`, `IMAGE_BROKEN`, `CHECKSUM_MISMATCH`, `TARGET_FORBIDDEN`, `LIMIT_EXCEEDED`, `NO_SPACE`,
 * `TOOL_MISSING`, `CANCELLED`, `INTERNAL`
 */
export async function pushImage(
  graph: Graph,
  registries: Registries,
  request: PushRequest,
  signal: AbortSignal,
): Promise<Pushed> {
  const { id, reference, format, compression, purpose } = request;
  if (reference.digest !== undefined) {
    throw new StevedoreError(
      "INVALID_JOB",
      `${formatRegistryReference(reference)} has a digest: an image is pushed to a tag`,
    );
  }
  assertForm({ format, compression });
  const repository = registries.repository(reference, "push", signal);
  const ids = (await graph.history(id)).map((image) => image.id);
  const push = async (staging: string): Promise<Pushed> => {
    await mkdir(staging, { mode: 0o700 });
    const blobs = openTargetBlobs(repository, mountSources(graph, reference, id));
    const ready = await readyManifest(
      await outgoingImage(graph, request, { blobs, staging, concurrency: registries.concurrency }),
      { format, compression },
      signal,
    );
    await repository.putManifest(reference.tag ?? defaultTag, ready.mediaType, ready.bytes);
    return describe(ready, blobs);
  };
  return await graph.withLease(purpose, ids, () => graph.withStaging(push), signal);
}

async function outgoingImage(
  graph: Graph,
  { id, threads, onProgress }: PushRequest,
  place: Pick<OutgoingImage, "blobs" | "staging" | "concurrency">,
): Promise<OutgoingImage> {
  // Read under the lease: an image may have been deleted just before.
  const chain = (await graph.history(id)).toReversed();
  const own = chain.filter(({ directory }) => !isConfigImage(directory));
  const image: ExportedImage = { id, names: [], chain, layers: own };
  const layers = [];
  const sizes = new Map<string, { readonly digest: string; readonly total: number }>();
  for (const each of own) {
    const layer = await outgoingLayer(graph, each);
    layers.push(layer);
    const digest = layer.known[0]?.digest ?? layer.diffId ?? each.id;
    sizes.set(each.id, { digest, total: (await graph.layerFacts(each.id)).layerBytes });
  }
  const progress = followLayers(sizes, onProgress);
  return { graph, image, layers, progress, threads, ...place };
}

/** Gets all blobs of an image into the repository: by its own manifest, if that can be, and has the form that is wanted. */
async function readyManifest(
  outgoing: OutgoingImage,
  wanted: WantedForm,
  signal: AbortSignal,
): Promise<ReadyManifest> {
  const top = outgoing.image.chain.at(-1);
  const own = top === undefined ? undefined : readOwnManifest(top);
  if (own !== undefined && hasForm(own, wanted)) {
    const ready = await readyOwnManifest(outgoing, own, signal);
    if (ready !== undefined) return ready;
  }
  const isOwnZstd = own?.format === "oci" && hasForm(own, { ...wanted, compression: "zstd" });
  const compression = wanted.compression ?? (isOwnZstd ? "zstd" : "gzip");
  const format = wanted.format ?? (compression === "zstd" ? "oci" : (own?.format ?? "oci"));
  return await readyNewManifest(outgoing, { format, compression }, signal);
}

function describe({ mediaType, bytes, config, layers }: ReadyManifest, blobs: TargetBlobs): Pushed {
  const distinct = new Map([config, ...layers].map((blob) => [blob.digest, blob]));
  const count = { present: 0, mounted: 0, sent: 0 };
  let bytesSent = bytes.length;
  for (const { digest, size } of distinct.values()) {
    const origin = blobs.originOf(digest) ?? "present";
    count[origin]++;
    if (origin === "sent") bytesSent += size;
  }
  return {
    digest: digestOf(bytes),
    mediaType,
    bytesSent,
    blobsPresent: count.present,
    blobsMounted: count.mounted,
    blobsSent: count.sent,
    layers: layers.length,
  };
}
