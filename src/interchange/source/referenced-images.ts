// Reads the images that one descriptor stands for, as a reference to a registry does: a manifest, or an index that has
// one for each platform. Of those that are not chosen nothing is read, unless it takes that to choose.
import { StevedoreError } from "../../terms/index.js";
import { type Descriptor, documentKind, index } from "../formats/index.js";
import { isAttestation, type Skipped, saysArtifact, skippedOf } from "./artifacts.js";
import { type DocumentReader, openDocuments } from "./documents.js";
import type { SourceFiles } from "./files/index.js";
import { choosePlatform, type LoadableImage } from "./loadable-image.js";
import { decideNames, namesOf, readNames } from "./names.js";
import { assertMediaType, deepestIndex, loadable, mostDescriptors, whySkipped } from "./oci-layout.js";
import { assertImageCount, type ReadSource } from "./read-images.js";
import type { SourceImage, SourceRequest } from "./source-image.js";

/** What is read, and under which names. */
export interface ReferencedRequest extends SourceRequest {
  /** Reads the images for all platforms. The names go to the one for `platform`, or for this host. */
  readonly allPlatforms: boolean;
  /** The name by which it was asked for. */
  readonly ownName: string | undefined;
}

/** An image that may be chosen. */
interface Candidate extends LoadableImage {
  readonly descriptor: Descriptor;
}

/**
 * Reads the images that a descriptor stands for, but for the bytes of their layers. Artifacts beside them are passed over;
 * of several images that fit the platform equally well the first is read.
 * @param files has the blobs by their paths in an OCI layout
 * @throws as `readImages`
 */
export async function readReferenced(
  files: SourceFiles,
  top: Descriptor,
  request: ReferencedRequest,
): Promise<ReadSource> {
  const { platform, name, allPlatforms, ownName, maxRecordBytes } = request;
  const documents = openDocuments(files);
  const skipped: Skipped[] = [];
  const found = await findManifests(documents, top, (one) => skipped.push(one));
  const given = readNames(ownName === undefined ? [] : [ownName]);
  const candidates = found.map(
    (descriptor): Candidate => ({
      ...loadable(documents, descriptor, { group: "the reference", names: given }, maxRecordBytes),
      descriptor,
    }),
  );
  const [best] = await bestOf(candidates, platform, allPlatforms);
  const chosen: Candidate[] = [];
  for (const candidate of allPlatforms ? candidates : candidates.filter((one) => one === best)) {
    const reason = await whySkipped(documents, candidate.descriptor, allPlatforms && candidates.length > 1);
    if (reason === undefined) chosen.push(candidate);
    else skipped.push(reason);
  }
  assertImageCount(chosen.length, skipped);
  const [names = []] = decideNames([given], name);
  const images: SourceImage[] = [];
  for (const candidate of chosen) {
    const chain = await candidate.chain();
    const id = chain.at(-1)?.id ?? "";
    const isTwice = images.some((image) => image.id === id);
    if (!isTwice) images.push({ id, chain, names: candidate === best ? names : [] });
  }
  return { format: "oci", images, names: namesOf(images), skipped };
}

/** The image for the platform comes first. Where all are read there may be none, if no platform was asked for. */
async function bestOf(
  candidates: readonly Candidate[],
  platform: string | undefined,
  allPlatforms: boolean,
): Promise<Candidate[]> {
  if (candidates.length === 0) return [];
  try {
    return await choosePlatform(candidates, platform);
  } catch (error) {
    const isElsewhere = error instanceof StevedoreError && error.code === "SOURCE_NOT_FOUND";
    if (isElsewhere && allPlatforms && platform === undefined) return [];
    throw error;
  }
}

/** Lists the manifests below a descriptor, each once, and reads only indexes. */
async function findManifests(
  documents: DocumentReader,
  top: Descriptor,
  skip: (skipped: Skipped) => void,
): Promise<Descriptor[]> {
  const manifests = new Map<string, Descriptor>();
  let descriptors = 0;

  async function add(found: readonly Descriptor[], depth: number): Promise<void> {
    descriptors += found.length;
    if (descriptors > mostDescriptors) throw tooMuch(`it lists more than ${mostDescriptors} manifests`);
    for (const descriptor of found) {
      const kind = documentKind(descriptor.mediaType);
      if (isAttestation(descriptor)) skip(skippedOf(descriptor, "attestation"));
      else if (depth > 0 && saysArtifact(descriptor)) skip(skippedOf(descriptor, "artifact"));
      else if (kind === "manifest") {
        if (!manifests.has(descriptor.digest)) manifests.set(descriptor.digest, descriptor);
      } else if (kind === "index") {
        if (depth >= deepestIndex) throw tooMuch(`indexes are nested more than ${deepestIndex} deep`);
        const { content } = await documents.readBlob(descriptor, index);
        assertMediaType(content, descriptor);
        await add(content.manifests ?? [], depth + 1);
      } else skip(skippedOf(descriptor, saysArtifact(descriptor) ? "artifact" : "unknown-type"));
    }
  }
  await add([top], 0);
  return [...manifests.values()];
}

function tooMuch(message: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", message);
}
