// Tells images from the artifacts that lie beside them in a layout: signatures, lists of contents, attestations, charts
// (image-spec 1.1, manifest.md, "Guidelines for Artifact Usage"). They are no images, and an import passes them over.
import { type SkipReason, StevedoreError } from "../../terms/index.js";
import {
  annotationKeys,
  type Descriptor,
  documentKind,
  isLayerType,
  type Manifest,
} from "../formats/index.js";

/** Something in a source that is not an image, or not there. */
export interface Skipped {
  readonly digest: string;
  readonly mediaType: string;
  /** What it is, as its descriptor or manifest says; else the type of its config. */
  readonly artifactType?: string | undefined;
  readonly reason: SkipReason;
}

/** How much of a media type is shown. RFC 6838 allows 255 characters. */
const longestType = 255;

/** Describes what is passed over. */
export function skippedOf(
  { digest, mediaType, artifactType }: Descriptor,
  reason: SkipReason,
  type: string | null | undefined = artifactType,
): Skipped {
  return {
    digest,
    mediaType: mediaType.slice(0, longestType),
    ...(type ? { artifactType: type.slice(0, longestType) } : {}),
    reason,
  };
}

/** True for an attestation of BuildKit: it tells how an image was built, and has the form of a manifest. */
export function isAttestation({ annotations, platform }: Descriptor): boolean {
  const { os, architecture } = platform ?? {};
  if (os === "unknown" && architecture === "unknown") return true;
  return annotations?.[annotationKeys.referenceType] === "attestation-manifest";
}

/**
 * True if a descriptor alone says that it is an artifact's. Lists of what refers to an image give the type of the config
 * for manifests without a type of their own, so the config of an image says nothing (distribution-spec 1.1).
 */
export function saysArtifact({ artifactType }: Descriptor): boolean {
  return Boolean(artifactType) && documentKind(artifactType ?? "") !== "config";
}

/**
 * Describes a manifest as an artifact; undefined for that of an image. An image has the config of one, and layers: one
 * layer that could be an image's is enough, so that an image that cannot be read is not taken for an artifact. Signatures
 * of cosign have the config of an image, but none of its layers.
 */
export function artifactIn(descriptor: Descriptor, manifest: Manifest): Skipped | undefined {
  const { config, layers, artifactType, subject } = manifest;
  const type = artifactType || descriptor.artifactType || config.mediaType;
  if (documentKind(config.mediaType) !== "config") return skippedOf(descriptor, "artifact", type);
  if (layers?.some(({ mediaType }) => isLayerType(mediaType))) return undefined;
  // Without a layer or a word of what it is, it is an image that is empty.
  const isArtifact = (layers ?? []).length > 0 || Boolean(artifactType) || Boolean(subject);
  return isArtifact
    ? skippedOf(descriptor, "artifact", artifactType || layers?.[0]?.mediaType || type)
    : undefined;
}

/** The error for a source that has artifacts and no image. */
export function noImageBut(skipped: readonly Skipped[]): StevedoreError {
  const [first] = skipped;
  const what = `${first?.digest} (${first?.artifactType ?? first?.mediaType})`;
  const all = skipped.length === 1 ? what : `${skipped.length} artifacts, such as ${what}`;
  return new StevedoreError("BAD_ARCHIVE", `this holds no images, but only what is not one: ${all}`);
}
