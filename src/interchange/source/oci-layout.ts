// Reads OCI image layouts: an index lists manifests, or further indexes with an image for several platforms.
import { forEachConcurrent } from "../../disk/index.js";
import { quote, StevedoreError } from "../../terms/index.js";
import {
  annotationKeys,
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
import { artifactIn, isAttestation, type Skipped, saysArtifact, skippedOf } from "./artifacts.js";
import { chainOf, diffIdsOf } from "./configured-image.js";
import { type DocumentReader, findBlob } from "./documents.js";
import { type LoadableImage, platformOf } from "./loadable-image.js";
import { type GivenNames, readNames } from "./names.js";
import type { ChainImage, LayerBlob } from "./source-image.js";

/** How deep indexes may be nested; `index.json` is the first level. */
export const deepestIndex = 4;
/** How many descriptors the indexes of a layout may have together. */
export const mostDescriptors = 10_000;
/** How many manifests are read at a time. */
const readAtOnce = 8;

/**
 * Lists the images.
 * @param skip called with what is not an image
 * @throws `BAD_ARCHIVE` for a missing blob or an unknown media type; `SOURCE_MISMATCH` naming the blob;
 * `LIMIT_EXCEEDED`
 */
export async function readOciLayout(
  documents: DocumentReader,
  maxRecordBytes: number,
  skip: (skipped: Skipped) => void,
): Promise<LoadableImage[]> {
  await documents.read(layoutFile, layout);
  const { content } = await documents.read(indexFile, index);
  return readManifests(documents, content.manifests ?? [], maxRecordBytes, skip);
}

/** Lists the images that descriptors point to. Parameters and errors are those of `readOciLayout`. */
export async function readManifests(
  documents: DocumentReader,
  top: readonly Descriptor[],
  maxRecordBytes: number,
  skip: (skipped: Skipped) => void,
): Promise<LoadableImage[]> {
  const images: LoadableImage[] = [];
  let descriptors = 0;

  /** @param above the group and names of an index, for the images in it: they are one image for several platforms */
  async function add(
    found: readonly Descriptor[],
    depth: number,
    above?: Pick<LoadableImage, "group" | "names">,
  ) {
    descriptors += found.length;
    if (descriptors > mostDescriptors) throw tooMuch(`the layout has more than ${mostDescriptors} manifests`);
    const reasons = new Map<Descriptor, Skipped | undefined>();
    await forEachConcurrent(found, readAtOnce, async (descriptor) => {
      reasons.set(descriptor, await whySkipped(documents, descriptor, depth > 1));
    });
    for (const [at, descriptor] of found.entries()) {
      const skipped = reasons.get(descriptor);
      if (skipped !== undefined) {
        skip(skipped);
        continue;
      }
      const here = above ?? groupOf(descriptor, at);
      if (documentKind(descriptor.mediaType) === "manifest") {
        images.push(loadable(documents, descriptor, here, maxRecordBytes));
        continue;
      }
      if (depth >= deepestIndex) throw tooMuch(`indexes are nested more than ${deepestIndex} deep`);
      const { content: nested } = await documents.readBlob(descriptor, index);
      assertMediaType(nested, descriptor);
      await add(nested.manifests ?? [], depth + 1, above ?? { ...here, group: `index ${at}` });
    }
  }
  await add(top, 1);
  return images;
}

/**
 * Decides whether a descriptor is passed over; undefined for an image and for an index. What cannot be read is an image,
 * unless its descriptor says otherwise: its error comes when it is chosen.
 * @param isInIndex whether it may be one of several platforms, of which not all must be there
 */
export async function whySkipped(
  documents: DocumentReader,
  descriptor: Descriptor,
  isInIndex: boolean,
): Promise<Skipped | undefined> {
  const kind = documentKind(descriptor.mediaType);
  if (isAttestation(descriptor)) return skippedOf(descriptor, "attestation");
  if (kind !== "manifest" && kind !== "index") {
    return skippedOf(descriptor, saysArtifact(descriptor) ? "artifact" : "unknown-type");
  }
  const isMissing = async ({ digest }: Descriptor) =>
    (await documents.files.find(documents.blobPath(digest))) === undefined;
  if (kind === "index") {
    return saysArtifact(descriptor) && (await isMissing(descriptor))
      ? skippedOf(descriptor, "artifact")
      : undefined;
  }
  const mayBeAbsent = isInIndex && descriptor.platform;
  try {
    const { content } = await readManifest(documents, descriptor);
    const skipped = artifactIn(descriptor, content);
    if (skipped !== undefined || !mayBeAbsent) return skipped;
    return (await isMissing(content.config)) ? skippedOf(descriptor, "absent") : undefined;
  } catch (error) {
    if (!(error instanceof StevedoreError) || error.code === "INTERNAL") throw error;
    if (saysArtifact(descriptor)) return skippedOf(descriptor, "artifact");
    return mayBeAbsent && (await isMissing(descriptor)) ? skippedOf(descriptor, "absent") : undefined;
  }
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

/** The image of a manifest, which is not read yet. Its errors are those of `readOciLayout`. */
export function loadable(
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
): Promise<ChainImage[]> {
  const { content, bytes } = await readManifest(documents, descriptor);
  const document = await readConfig(documents, content);
  const layers = content.layers ?? [];
  const name = documents.blobPath(content.config.digest);
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
async function findLayer(documents: DocumentReader, layer: Descriptor) {
  const kind = layerKind(layer.mediaType);
  if (kind === undefined) throw unknownType(layer);
  if (kind === "encrypted") throw bad(`the layer ${layer.digest} is encrypted (${quote(layer.mediaType)})`);
  if (kind === "foreign" && (await documents.files.find(documents.blobPath(layer.digest))) === undefined) {
    throw bad(`the layer ${layer.digest} is not in the source: it is foreign (${quote(layer.mediaType)})`);
  }
  return findBlob(documents, layer);
}

/** Refuses a document whose own media type is not that of its descriptor: readers would disagree on what it is. */
export function assertMediaType(
  { mediaType }: { readonly mediaType?: string | null | undefined },
  descriptor: Descriptor,
) {
  if (!mediaType || mediaType === descriptor.mediaType) return;
  const [is, said] = [mediaType, descriptor.mediaType].map(quote);
  throw bad(`the blob ${descriptor.digest} is ${is}, but its descriptor says ${said}`);
}

function unknownType({ digest, mediaType }: Descriptor): StevedoreError {
  return bad(`the blob ${digest} has the media type ${quote(mediaType)}, which is not known`);
}

function bad(message: string): StevedoreError {
  return new StevedoreError("BAD_ARCHIVE", message);
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
