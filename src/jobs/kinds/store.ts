// The job `store`: an archive, upload or URL becomes an image of the graph.
import { z } from "zod";
import { compressions } from "../../terms/index.js";
import {
  bytes,
  digest,
  durationMs,
  imageId,
  imageName,
  imageReference,
  longestPath,
  recipe,
} from "../fields.js";
import { defineJob } from "../job-kind.js";

/** RFC 3339 with any number of fractional digits: Go writes nanoseconds. */
const timestamp = z.iso.datetime({ offset: true });

const object = z.record(z.string(), z.unknown());

/** The fields of a new image's record, named as Docker 0.3 named them. Unknown ones are kept. */
export const imageFields = z.looseObject({
  id: imageId.optional(),
  parent: imageReference.optional(),
  comment: z.string().optional(),
  created: timestamp.optional(),
  container: z.string().optional(),
  container_config: object.optional(),
  docker_version: z.string().optional(),
  author: z.string().optional(),
  config: object.optional(),
});
export type ImageFields = z.infer<typeof imageFields>;

/** What servers commonly take, in characters. */
const longestUrl = 8_000;

/** What an upload may be called. */
export const uploadName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/);

/** Where a layer comes from. */
export const layerSource = z.union([
  z.strictObject({ path: z.string().min(1).max(longestPath) }),
  z.strictObject({
    url: z
      .url({ protocol: /^https?$/ })
      .max(longestUrl)
      .refine(holdsNoUser, {
        error: "leave out user and password: a job's data is no place for a secret",
      }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  }),
  z.strictObject({ upload: uploadName }),
]);
export type LayerSource = z.infer<typeof layerSource>;

const storeData = z
  .strictObject({
    /** The record's fields; the worker makes an id and a time where they are missing. */
    image: imageFields.optional(),
    /** Instead of `image`: the record as raw JSON text, kept byte for byte. */
    json: z.string().optional(),
    layer: layerSource,
    /** What an id that is taken means. Default `fail`. */
    ifExists: z.enum(["fail", "skip"]).optional(),
    /** A name for the image, set together with it. An image that is there and skipped gets it too. */
    name: imageName.optional(),
    /** Also enqueue a `checksum` job by this recipe once the image is stored. */
    checksum: recipe.optional(),
  })
  .refine((data) => data.image === undefined || data.json === undefined, {
    error: "give image or json, not both",
    path: ["json"],
  })
  .describe("Takes an image or its json, not both");

export const storeResult = z.strictObject({
  id: imageId,
  parent: imageId.nullable(),
  /** Digest of the decompressed archive (the OCI diffID); null for an image that came without one. */
  diffId: digest.nullable(),
  layerBytes: bytes,
  entries: z.int().nonnegative(),
  /** How the source was compressed; null where nothing was read because the image was there. */
  compression: z.enum(compressions).nullable(),
  /** False if the image existed and `ifExists` was `skip`. */
  stored: z.boolean(),
  /** The name that it was given, with its tag. */
  name: z.string().optional(),
  /** Where it was given one: the other image that had the name before, null if none had. */
  previous: z.string().nullable().optional(),
  /** `squashed` where the worker is not root and was allowed to lose the owners. */
  ownership: z.enum(["kept", "squashed"]).optional(),
  durationMs,
});

function holdsNoUser(url: string): boolean {
  if (!URL.canParse(url)) return true;
  const { username, password } = new URL(url);
  return username === "" && password === "";
}

export const storeJob = defineJob({
  name: "store",
  queue: "store",
  data: storeData,
  result: storeResult,
  subject: ["result.id", "data.image.id"],
  unrepeatable: "each run would make another image, or find its id taken",
  batchOf: null,
  changesPicture: true,
  goesToHost: false,
  deduplicationId: null,
});
