// The job `import`: the images of a docker-archive or an OCI layout come into the graph, all of them or none.
import { z } from "zod";
import { sourceFormats } from "../../terms/index.js";
import { bytes, durationMs, imageId, imageName, platform } from "../fields.js";
import { defineJob } from "../job-kind.js";
import { passedOver } from "./passed-over.js";
import { layerSource } from "./store.js";

const importData = z.strictObject({
  /** An archive or a directory. */
  source: layerSource,
  /** Of several images the one for this platform. Default: that of the worker's host, where there is a choice. */
  platform: platform.optional(),
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
  ...passedOver,
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
