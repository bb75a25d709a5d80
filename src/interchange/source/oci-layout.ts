// Reads OCI image layouts: an index lists manifests, or further indexes with an image for several platforms.
import { StevedoreError } from "../../terms/index.js";
import {
  annotationKeys,
  blobPath,
  config,
  type Descriptor,
  documentKind,
  index,
  indexFile,
  layerKind,
  layout,
  layoutFile,
  manifest,
  type Platform,
} from "../formats/index.js";
import { chainOf, diffIdsOf } from "./configured-image.js";
import { type DocumentReader, findBlob } from "./documents.js";
import { type LoadableImage, platformOf } from "./loadable-image.js";
import { type GivenNames, readNames } from "./names.js";
import type { LayerBlob, SourceConfig, SourceLayer } from "./source-image.js";

/** How deep indexes may be nested; `index.json` is the first level. */
const deepestIndex = 4;
/** How many descriptors the indexes of a layout may have together. */
const mostDescriptors = 10_000;

/**
 * Lists the images.
 * @throws `BAD_ARCHIVE` for a missing blob or an unknown media type; `SOURCE_MISMATCH` naming the blob;
 * `LIMIT_EXCEEDED`
 */
export async function readOciLayout(
  documents: DocumentReader,
  maxRecordBytes: number,
): Promise<LoadableImage[]> {
  await documents.read(layoutFile, layout);
  const { content } = await documents.read(indexFile, index);
  const images: LoadableImage[] = [];
  let descriptors = 0;

  /** @param above the group and names of an index, for the images in it: they are one image for several platforms */
  async function add(
    found: readonly Descriptor[],
    depth: number,
    above?: Pick<LoadableImage, "group" | "names">,
  ) {
    for (const [at, descriptor] of found.entries()) {
      descriptors++;
      if (descriptors > mostDescriptors)
        throw tooMuch(`the layout has more than ${mostDescriptors} manifests`);
      if (isAttestation(descriptor)) continue;
      const kind = documentKind(descriptor.mediaType);
      const here = above ?? groupOf(descriptor, at);
      if (kind === "manifest") {
        images.push(loadable(documents, descriptor, here, maxRecordBytes));
      } else if (kind === "index") {
        if (depth >= deepestIndex) throw tooMuch(`indexes are nested more than ${deepestIndex} deep`);
        const { content: nested } = await documents.readBlob(descriptor, index);
        assertMediaType(nested, descriptor);
        await add(nested.manifests ?? [], depth + 1, above ?? { ...here, group: `index ${at}` });
      } else {
        throw unknownType(descriptor);
      }
    }
  }
  await add(content.manifests ?? [], 1);
  return images;
}

/**
 * Manifests with the same name are one image for several platforms, and so are all manifests that have a platform but
 * no name. Every other manifest is an image of its own.
 */
function groupOf(descriptor: Descriptor, at: number): Pick<LoadableImage, "group" | "names"> {
  const names = namesIn(descriptor);
  const all = [...names.whole, ...names.tags];
  if (all.length > 0) return { group: `name ${all.join(" ")}`, names };
  return { group: descriptor.platform ? "platforms" : `manifest ${at}`, names };
}

function namesIn({ annotations }: Descriptor): GivenNames {
  const { containerdName, refName } = annotationKeys;
  const name = annotations?.[containerdName] ?? annotations?.[refName];
  return readNames(name === undefined ? [] : [name]);
}

/** True for an attestation of BuildKit: it tells how an image was built, and has the form of a manifest. */
function isAttestation({ annotations, platform }: Descriptor): boolean {
  const { os, architecture } = platform ?? {};
  if (os === "unknown" && architecture === "unknown") return true;
  return annotations?.[annotationKeys.referenceType] === "attestation-manifest";
}

function loadable(
  documents: DocumentReader,
  descriptor: Descriptor,
  { group, names }: Pick<LoadableImage, "group" | "names">,
  maxRecordBytes: number,
): LoadableImage {
  return {
    group,
    names,
    platform: async () => descriptor.platform ?? (await readPlatform(documents, descriptor)),
    chain: () => readChain(documents, descriptor, maxRecordBytes),
  };
}

async function readPlatform(
  documents: DocumentReader,
  descriptor: Descriptor,
): Promise<Platform | undefined> {
  const { content } = await readManifest(documents, descriptor);
  return platformOf((await readConfig(documents, content)).content);
}

async function readChain(
  documents: DocumentReader,
  descriptor: Descriptor,
  maxRecordBytes: number,
): Promise<(SourceLayer | SourceConfig)[]> {
  const { content, bytes } = await readManifest(documents, descriptor);
  const document = await readConfig(documents, content);
  const layers = content.layers ?? [];
  const name = blobPath(content.config.digest);
  const diffIds = diffIdsOf(document.content, name, layers.length);
  const blobs: LayerBlob[] = [];
  for (const [at, layer] of layers.entries()) {
    blobs.push({ file: await findLayer(documents, layer), digest: layer.digest, diffId: diffIds[at] });
  }
  return chainOf({ config: document, name, blobs, manifest: bytes }, maxRecordBytes);
}

async function readManifest(documents: DocumentReader, descriptor: Descriptor) {
  const document = await documents.readBlob(descriptor, manifest);
  assertMediaType(document.content, descriptor);
  return document;
}

async function readConfig(documents: DocumentReader, content: { readonly config: Descriptor }) {
  if (documentKind(content.config.mediaType) !== "config") throw unknownType(content.config);
  return documents.readBlob(content.config, config);
}

/** Finds the file of a layer. Its compression is detected by its bytes, not by the media type. */
async function findLayer({ files }: DocumentReader, layer: Descriptor) {
  const kind = layerKind(layer.mediaType);
  if (kind === undefined) throw unknownType(layer);
  if (kind === "encrypted") throw bad(`the layer ${layer.digest} is encrypted (${layer.mediaType})`);
  if (kind === "foreign" && (await files.find(blobPath(layer.digest))) === undefined) {
    throw bad(`the layer ${layer.digest} is not in the source: it is foreign (${layer.mediaType})`);
  }
  return findBlob(files, layer);
}

/** Refuses a document whose own media type is not that of its descriptor: readers would disagree on what it is. */
function assertMediaType(
  { mediaType }: { readonly mediaType?: string | null | undefined },
  descriptor: Descriptor,
) {
  if (!mediaType || mediaType === descriptor.mediaType) return;
  throw bad(`the blob ${descriptor.digest} is ${mediaType}, but its descriptor says ${descriptor.mediaType}`);
}

function unknownType({ digest, mediaType }: Descriptor): StevedoreError {
  return bad(`the blob ${digest} has the media type ${JSON.stringify(mediaType)}, which is not known`);
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
