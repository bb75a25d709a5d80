// The job `export`: images become an archive in the outbox of the root.
import { z } from "zod";
import { bytes, digest, durationMs, imageId, imageReference, longestPath } from "../fields.js";

/** The formats: the two that `docker save` wrote since 1.10 and before, and an OCI image layout. */
export const exportFormats = ["docker", "docker-legacy", "oci"] as const;
/** How layers may be compressed. */
export const layerCompressions = ["gzip", "zstd", "xz", "none"] as const;

/** What a file in the outbox may be called. */
export const outboxFileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/);

export const exportData = z
  .strictObject({
    /** One that several references mean is exported once. */
    ids: z.array(imageReference).min(1).max(10_000),
    format: z.enum(exportFormats),
    /** Default: `none`, and `gzip` for `oci`. */
    compress: z.enum(layerCompressions).optional(),
    /** What it is called in the outbox. Default: the job's id with `.tar` behind it. */
    file: outboxFileName.optional(),
  })
  .refine(({ format, compress }) => format !== "oci" || compress !== "xz", {
    error: "OCI has no layers in xz: export with gzip, zstd or none",
    path: ["compress"],
  })
  .describe("OCI has no layers in xz");

export const exportResult = z.strictObject({
  /** In the outbox. */
  file: z.string(),
  /** The same on the worker's host. */
  path: z.string().max(longestPath),
  bytes,
  /** sha256 of the file. */
  digest,
  format: z.enum(exportFormats),
  /** Each with the names it has in the archive. */
  images: z.array(z.strictObject({ id: imageId, names: z.array(z.string()) })),
  /** How many layers it holds: one that several images share is counted once. */
  layers: z.int().positive(),
  durationMs,
});
