// Writes an OCI image layout (image-spec 1.1, image-layout.md) into an archive. Beside its index it has a `manifest.json`,
// as Docker writes it since version 25, so that every version since 1.10 loads it.
import { type Image, readManifest } from "../../graph/index.js";
import {
  annotationKeys,
  blobPath,
  type Descriptor,
  type DockerManifest,
  digestOf,
  indexFile,
  layoutFile,
  layoutVersion,
  manifestFile,
  manifest as manifestSchema,
  mediaTypes,
  parseDocument,
} from "../formats/index.js";
import type { ArchiveWriter } from "./archive-writer.js";
import type { ExportContent, ExportedImage, WriteFormat } from "./exported-image.js";
import { configOfImage } from "./image-config.js";
import { formatManifest } from "./image-manifest.js";
import type { LayerBlob } from "./layer-blob.js";

/** Adds a document as a blob. */
type AddDocument = (mediaType: string, bytes: Buffer) => Promise<Descriptor>;

/**
 * Writes every blob once, in `index.json` one descriptor for each name of an image, and in `manifest.json` one entry for
 * each image. An image without a name has one descriptor.
 */
export const writeOci: WriteFormat = async (content, archive) => {
  await archive.add(layoutFile, JSON.stringify({ imageLayoutVersion: layoutVersion }));
  const written = new Set<string>();
  /** Returns the path for a blob; undefined if the archive has the blob already. */
  const newBlob = (digest: string) => {
    if (written.has(digest)) return undefined;
    written.add(digest);
    return blobPath(digest);
  };
  const blobs = new Map<string, LayerBlob>();
  for await (const { image, addTo } of content.layers) {
    blobs.set(image.id, await addTo(archive, ({ digest }) => newBlob(digest)));
  }
  const addDocument: AddDocument = async (mediaType, bytes) => {
    const digest = digestOf(bytes);
    const path = newBlob(digest);
    if (path !== undefined) await archive.add(path, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const manifests: Descriptor[] = [];
  const dockerManifest: DockerManifest = [];
  for (const image of content.images) {
    const { names, layers } = image;
    const { manifest, config } = await addImage(image, blobs, content, addDocument);
    manifests.push(...named(manifest, names));
    dockerManifest.push({
      Config: blobPath(config.digest),
      RepoTags: names.length === 0 ? null : [...names],
      Layers: layers.map(({ id }) => blobPath((blobs.get(id) as LayerBlob).digest)),
    });
  }
  await addIndex(manifests, archive);
  await archive.add(manifestFile, JSON.stringify(dockerManifest));
};

async function addImage(
  image: ExportedImage,
  blobs: ReadonlyMap<string, LayerBlob>,
  content: ExportContent,
  addDocument: AddDocument,
): Promise<{ readonly manifest: Descriptor; readonly config: Descriptor }> {
  const diffIds = new Map([...blobs].map(([id, { diffId }]) => [id, diffId]));
  const config = await addDocument(mediaTypes.oci.config, configOfImage(image, diffIds, content));
  const { mediaType, bytes } = formatManifest({
    format: "oci",
    config,
    layers: image.layers.map(({ id }) => blobs.get(id) as LayerBlob),
    compression: content.compression,
    annotations: annotationsOf(image.chain.at(-1) as Image),
  });
  return { manifest: await addDocument(mediaType, bytes), config };
}

/** The annotations of the manifest that the image came with. @throws as `readManifest` */
export function annotationsOf(image: Image): Record<string, string> | undefined {
  const bytes = readManifest(image);
  if (bytes === undefined) return undefined;
  return parseDocument(bytes, manifestSchema, `the manifest of ${image.id}`).annotations ?? undefined;
}

function named(manifest: Descriptor, names: readonly string[]): Descriptor[] {
  if (names.length === 0) return [manifest];
  const { containerdName, refName } = annotationKeys;
  return names.map((name) => ({ ...manifest, annotations: { [containerdName]: name, [refName]: name } }));
}

async function addIndex(manifests: readonly Descriptor[], archive: ArchiveWriter): Promise<void> {
  const index = { schemaVersion: 2, mediaType: mediaTypes.oci.index, manifests };
  await archive.add(indexFile, JSON.stringify(index));
}
