// The job `push`: an image goes to a registry, of its blobs only those that are not there.
import { z } from "zod";
import { manifestFormats, pushCompressions } from "../../terms/index.js";
import { bytes, digest, durationMs, imageId, imageReference, registryReference } from "../fields.js";
import { defineJob } from "../job-kind.js";

const pushData = z
  .strictObject({
    image: imageReference,
    /** Where to, as Docker reads it: `team/web` is `docker.io/team/web:latest`. */
    ref: registryReference.refine((ref) => !ref.includes("@"), {
      error: "it takes a tag, not a digest: what the image is says its digest",
    }),
    /**
     * How layers are compressed that the registry does not have. Default: an image that was pulled goes as it came, any
     * other by gzip.
     */
    compress: z.enum(pushCompressions).optional(),
    /** Default: an image that was pulled goes by its own manifest, any other by OCI's. */
    format: z.enum(manifestFormats).optional(),
  })
  .refine(({ format, compress }) => format !== "docker" || compress !== "zstd", {
    error: "Docker's manifests know no layers in zstd: push as oci, or with gzip",
    path: ["compress"],
  })
  .describe("Docker's manifests know no layers in zstd");

const pushResult = z.strictObject({
  /** The image. */
  id: imageId,
  /** The reference, whole. */
  ref: z.string(),
  /** Of the manifest that the tag names now. */
  digest,
  mediaType: z.string(),
  layers: z.int().nonnegative(),
  /** What was sent, manifests included. */
  bytesSent: bytes,
  /** The blobs (layers and configs) that the repository had, that it took from another one, and that were sent. */
  blobsPresent: z.int().nonnegative(),
  blobsMounted: z.int().nonnegative(),
  blobsSent: z.int().nonnegative(),
  durationMs,
});

export const pushJob = defineJob({
  name: "push",
  queue: "store",
  data: pushData,
  result: pushResult,
  subject: ["data.ref"],
  unrepeatable: null,
  batchOf: null,
  changesPicture: false,
  goesToHost: false,
  // The name may stand for another image than it did when a push that runs began.
  deduplicationId: null,
});
