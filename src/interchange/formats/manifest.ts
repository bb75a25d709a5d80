// Descriptor, index and manifest of OCI image-spec 1.1 (descriptor.md, image-index.md, manifest.md). Docker's manifest
// list and manifest, version 2 schema 2, have the same fields.
import { z } from "zod";

/** `sha256:` and 64 lower-case hex characters. OCI knows other algorithms, but nobody writes them. */
export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, { error: "not a valid sha256 digest, and no other algorithm is accepted" });

/** The platform that an image was built for. */
export const platform = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().nullish(),
});
export type Platform = z.infer<typeof platform>;

const annotations = z.record(z.string(), z.string()).nullish();

/** The description of a blob: its type, digest and size. */
export const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  /** The size in bytes. */
  size: z.int().nonnegative(),
  urls: z.array(z.string()).nullish(),
  annotations,
  platform: platform.nullish(),
  /** What the manifest is that it points to, if that is not an image. */
  artifactType: z.string().nullish(),
});
export type Descriptor = z.infer<typeof descriptor>;

/**
 * A list of manifests and of further indexes. A document that is a manifest too is refused: readers would disagree on
 * what it is.
 */
export const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  manifests: z.array(descriptor).nullable(),
  annotations,
  layers: z.undefined({ error: "an index has no layers" }).optional(),
});

/** The config and the layers of one image, base first. */
export const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  config: descriptor,
  layers: z.array(descriptor).nullable(),
  annotations,
  artifactType: z.string().nullish(),
  /** The manifest that this one says something of. */
  subject: z.unknown().optional(),
  manifests: z.undefined({ error: "a manifest has no manifests" }).optional(),
});
export type Manifest = z.infer<typeof manifest>;
