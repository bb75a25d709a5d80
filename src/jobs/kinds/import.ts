// The job `import`: the images of a docker-archive or an OCI layout come into the graph, all of them or none.
import { z } from "zod";
import { skipReasons, sourceFormats } from "../../terms/index.js";
import { bytes, durationMs, imageId, imageName } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { layerSource } from "./store.js";

/** No more of what is passed over is listed, so that the record of a job stays small. */
export const listedSkipped = 100;

const importData = z.strictObject({
  /** An archive or a directory. */
  source: layerSource,
  /** Of several images the one for this platform. Default: that of the worker's host, where there is a choice. */
  platform: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,64}(?:\/[A-Za-z0-9_.-]{1,64}){1,2}$/)
    .meta({ description: "os/architecture[/variant], such as linux/arm64" })
    .optional(),
  /** A repository for the names of the images; with a tag, the name of the only one. */
  name: imageName.optional(),
});

const importResult = z.strictObject({
  format: z.enum(sourceFormats),
  images: z.array(
    z.strictObject({
      id: imageId,
      names: z.array(z.string()),
      /** How many the source has of it. */
      layers: z.int().positive(),
    }),
  ),
  layersAdded: z.int().nonnegative(),
  /** Those that the graph had before. */
  layersPresent: z.int().nonnegative(),
  /** The sizes of the layers that were added. */
  layerBytes: bytes,
  /** The names that stood for another image before, with its id. */
  moved: z.array(z.strictObject({ name: z.string(), previous: imageId })),
  /** What the source has besides images, at most 100 of it; absent where there is nothing. */
  skipped: z
    .array(
      z.strictObject({
        digest: z.string(),
        mediaType: z.string(),
        /** What it is, as far as the source says. */
        artifactType: z.string().optional(),
        reason: z.enum(skipReasons),
      }),
    )
    .max(listedSkipped)
    .optional(),
  /** How many more were passed over than are listed; absent where all are. */
  skippedMore: z.int().positive().optional(),
  /** `squashed` where the worker is not root and was allowed to lose the owners. */
  ownership: z.enum(["kept", "squashed"]).optional(),
  durationMs,
});

export const importJob = defineJob({
  name: "import",
  queue: "store",
  data: importData,
  result: importResult,
  subject: ["data.name"],
  unrepeatable: "from the second run on all of its images would be there",
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: null,
});
