// The job `pull`: an image of a registry comes into the graph with its layers and its name, all of it or nothing.
import { z } from "zod";
import { formatRegistryReference, parseRegistryReference } from "../../terms/index.js";
import { bytes, digest, durationMs, imageId, imageName, platform, registryReference } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { passedOver } from "./passed-over.js";

const pullData = z
  .strictObject({
    /** As Docker reads it: `busybox` is `docker.io/library/busybox:latest`. */
    ref: registryReference,
    /** Of several images the one for this platform. Default: that of the worker's host. */
    platform: platform.optional(),
    /** A repository for the image's name instead of the reference's own; with a tag, the whole name. */
    name: imageName.optional(),
    /** Takes the images of all platforms; the one for the worker's host is named. */
    allPlatforms: z.boolean().optional(),
  })
  .refine((data) => data.platform === undefined || data.allPlatforms !== true, {
    error: "give platform or allPlatforms, not both",
    path: ["allPlatforms"],
  })
  .describe("Takes a platform or allPlatforms, not both");

const pullResult = z.strictObject({
  /** The reference, whole. */
  ref: z.string(),
  /** Of the manifest or index that the reference names. */
  digest,
  images: z.array(
    z.strictObject({
      id: imageId,
      names: z.array(z.string()),
      /** How many the registry has of it. */
      layers: z.int().nonnegative(),
    }),
  ),
  layersAdded: z.int().nonnegative(),
  /** Those that the graph had before: they were not fetched. */
  layersPresent: z.int().nonnegative(),
  /** The sizes of the layers that were added. */
  layerBytes: bytes,
  /** What came from the registry, manifests included. */
  bytesFetched: bytes,
  /** The names that stood for another image before, with its id. */
  moved: z.array(z.strictObject({ name: z.string(), previous: imageId })),
  ...passedOver,
  /** `squashed` where the worker is not root and was allowed to lose the owners. */
  ownership: z.enum(["kept", "squashed"]).optional(),
  durationMs,
});

export const pullJob = defineJob({
  name: "pull",
  queue: "store",
  data: pullData,
  result: pullResult,
  subject: ["data.ref"],
  unrepeatable: null,
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: ({ ref, platform, name, allPlatforms = false }) =>
    JSON.stringify([
      "pull",
      formatRegistryReference(parseRegistryReference(ref)),
      platform ?? null,
      name ?? null,
      allPlatforms,
    ]),
});
