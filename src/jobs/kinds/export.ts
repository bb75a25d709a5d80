// The job `export`: images become an archive in the outbox of the root.
import { z } from "zod";
import { imageFormats, layerCompressions } from "../../terms/index.js";
import { bytes, digest, durationMs, imageId, imageReference, longestPath } from "../fields.js";
import { defineJob } from "../job-kind.js";

/** What a file in the outbox may be called. */
export const outboxFileName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/);

const exportData = z
  .strictObject({
    /** One that several references mean is exported once. */
    ids: z.array(imageReference).min(1).max(10_000),
    format: z.enum(imageFormats),
    /** Default: `none`, and `gzip` for `oci`. */
    compress: z.enum(layerCompressions).optional(),
    /** Writes layers that were imported as their canonical tars. Default: as they came. */
    canonical: z.boolean().optional(),
    /** What it is called in the outbox. Default: the job's id with `.tar` behind it. */
    file: outboxFileName.optional(),
  })
  .refine(({ format, compress }) => format !== "oci" || compress !== "xz", {
    error: "OCI has no layers in xz: export with gzip, zstd or none",
    path: ["compress"],
  })
  .describe("OCI has no layers in xz");

const exportResult = z.strictObject({
  /** In the outbox. */
  file: z.string(),
  /** The same on the worker's host. */
  path: z.string().max(longestPath),
  bytes,
  /** sha256 of the file. */
  digest,
  format: z.enum(imageFormats),
  /** Each with the names it has in the archive. */
  images: z.array(z.strictObject({ id: imageId, names: z.array(z.string()) })),
  /** How many layers it holds: one that several images share is counted once. */
  layers: z.int().nonnegative(),
  /** RFC 3339: when it is removed unless it is fetched. Without it, it stays. */
  expiresAt: z.iso.datetime().optional(),
  durationMs,
});

export const exportJob = defineJob({
  name: "export",
  queue: "store",
  data: exportData,
  result: exportResult,
  subject: ["data.file", "result.file"],
  unrepeatable: "each run would leave another archive behind, or find its file there",
  batchOf: null,
  changesPicture: false,
  goesToHost: false,
  deduplicationId: null,
});
