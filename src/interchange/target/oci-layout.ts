// Writes an OCI image layout (image-spec 1.1, image-layout.md) into an archive.
import {
  annotationKeys,
  blobPath,
  type Descriptor,
  indexFile,
  layoutFile,
  layoutVersion,
  mediaTypes,
} from "../formats/index.js";
import type { ArchiveWriter } from "./archive-writer.js";
import type { LayerCompression } from "./compress.js";
import { type ExportedImage, sha256, type WriteFormat } from "./exported-image.js";
import { formatImageConfig } from "./image-config.js";
import type { LayerBlob } from "./layer-blob.js";

/**
 * Writes every blob once, and in `index.json` one descriptor for each name of an image. An image without a name has one
 * descriptor.
 */
export const writeOci: WriteFormat = async ({ images, layers, compression }, archive) => {
  await archive.add(layoutFile, JSON.stringify({ imageLayoutVersion: layoutVersion }));
  const written = new Set<string>();
  /** Returns the path for a blob; undefined if the archive has the blob already. */
  const newBlob = (digest: string) => {
    if (written.has(digest)) return undefined;
    written.add(digest);
    return blobPath(digest);
  };
  const blobs = new Map<string, LayerBlob>();
  for await (const { image, addTo } of layers) {
    blobs.set(image.id, await addTo(archive, ({ digest }) => newBlob(digest)));
  }
  const addDocument = async (mediaType: string, bytes: Buffer): Promise<Descriptor> => {
    const digest = `sha256:${sha256(bytes)}`;
    const path = newBlob(digest);
    if (path !== undefined) await archive.add(path, bytes);
    return { mediaType, digest, size: bytes.length };
  };
  const manifests: Descriptor[] = [];
  for (const image of images) {
    const manifest = await addImage(image, blobs, compression, addDocument);
    manifests.push(...named(manifest, image.names));
  }
  await addIndex(manifests, archive);
};

async function addImage(
  { layers }: ExportedImage,
  blobs: ReadonlyMap<string, LayerBlob>,
  compression: LayerCompression,
  addDocument: (mediaType: string, bytes: Buffer) => Promise<Descriptor>,
): Promise<Descriptor> {
  const own = layers.map(({ id }) => blobs.get(id) as LayerBlob);
  const config = formatImageConfig(
    layers,
    own.map(({ diffId }) => diffId),
  );
  const { manifest: mediaType, layer } = mediaTypes.oci;
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: await addDocument(mediaTypes.oci.config, config),
    layers: own.map(({ digest, size }) => ({
      mediaType: compression === "none" ? layer : `${layer}+${compression}`,
      digest,
      size,
    })),
  };
  return addDocument(mediaType, Buffer.from(JSON.stringify(manifest)));
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
