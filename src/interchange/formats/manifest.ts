// The documents that lead to an image's blobs: descriptor, index and manifest of OCI image-spec 1.1 (descriptor.md,
// image-index.md, manifest.md). Docker's manifest list and manifest, version 2 schema 2, have the same fields.
import { z } from "zod";

/** `sha256:` and 64 lower-case hex characters: of the algorithms of OCI the one that everybody writes. */
export const digest = z
  .string()
  .regex(/^sha256:[0-9a-f]{64}$/, { error: "no digest by sha256, and others are not accepted" });

/** For what an image was built. */
export const platform = z.looseObject({
  architecture: z.string(),
  os: z.string(),
  variant: z.string().nullish(),
});
export type Platform = z.infer<typeof platform>;

const annotations = z.record(z.string(), z.string()).nullish();

/** Where a blob is, and what it must be. */
export const descriptor = z.looseObject({
  mediaType: z.string(),
  digest,
  /** In bytes. */
  size: z.int().nonnegative(),
  urls: z.array(z.string()).nullish(),
  annotations,
  platform: platform.nullish(),
});
export type Descriptor = z.infer<typeof descriptor>;

/**
 * A list of manifests, and of other indexes. A document that is a manifest as well is refused: what it is would
 * depend on its reader.
 */
export const index = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  manifests: z.array(descriptor).nullable(),
  annotations,
  layers: z.undefined({ error: "an index has no layers" }).optional(),
});
export type Index = z.infer<typeof index>;

/** What one image consists of: its config and, the base first, its layers. */
export const manifest = z.looseObject({
  schemaVersion: z.literal(2),
  mediaType: z.string().nullish(),
  config: descriptor,
  layers: z.array(descriptor).nullable(),
  annotations,
  manifests: z.undefined({ error: "a manifest has no manifests" }).optional(),
});
export type Manifest = z.infer<typeof manifest>;
