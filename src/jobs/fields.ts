// The zod schemas of values that several jobs share: ids, recipes, digests, progress.
import { z } from "zod";
import {
  type ErrorCode,
  errorCodes,
  imageIdPattern,
  imageNamePattern,
  imageReferencePattern,
  invalidId,
  invalidName,
  invalidReference,
  invalidRegistryReference,
  isRecipe,
  isRegistryReference,
  isXzRecipe,
  layerStates,
  noXzRecipe,
  recipeNames,
  registryReferencePattern,
  unknownRecipe,
  xzRecipeNames,
} from "../terms/index.js";

/** An issue of a schema built here carries the error code it stands for. */
function coded(code: ErrorCode, error: string | ((input: unknown) => string)) {
  return {
    params: { code },
    error: typeof error === "string" ? error : (issue: { input?: unknown }) => error(issue.input),
  };
}

/** The id of a new image. Another string is `INVALID_ID`. */
export const imageId = z
  .string()
  .refine((id) => imageIdPattern.test(id), coded("INVALID_ID", invalidId))
  .meta({ pattern: imageIdPattern.source, description: "An image id" });

/** A name that an image is given; without a tag, `latest`. Another string is `INVALID_NAME`. */
export const imageName = z
  .string()
  .refine(
    (text) => imageNamePattern.test(text),
    coded("INVALID_NAME", (text) => invalidName(String(text))),
  )
  .meta({ pattern: imageNamePattern.source, description: "A name: [HOST[:PORT]/]PATH[:TAG]" });

/** An image that exists. A string that can be neither an id nor a name is `INVALID_ID`. */
export const imageReference = z
  .string()
  .refine((text) => imageReferencePattern.test(text), coded("INVALID_ID", invalidReference))
  .meta({
    pattern: imageReferencePattern.source,
    description: "An image: its id, its name, or a unique prefix of its id",
  });

/** An image in a registry. Another string is `INVALID_NAME`. */
export const registryReference = z
  .string()
  .refine(
    isRegistryReference,
    coded("INVALID_NAME", (text) => invalidRegistryReference(String(text))),
  )
  .meta({
    pattern: registryReferencePattern.source,
    description: "An image in a registry: [HOST[:PORT]/]PATH[:TAG][@sha256:HEX]",
  });

/** Which of several images is meant: `os/architecture[/variant]`. */
export const platform = z
  .string()
  .regex(/^[A-Za-z0-9_.-]{1,64}(?:\/[A-Za-z0-9_.-]{1,64}){1,2}$/)
  .meta({ description: "os/architecture[/variant], such as linux/arm64" });

/** Images of a batch, each as an `imageReference`. What is none fails alone, so it is no error of the job's data. */
export const imageIds = z.array(z.string().max(1_000)).max(1_000_000);

/** The longest path Linux takes is of 4,095 bytes (PATH_MAX), so of no more characters. */
export const longestPath = 4095;

/** What failed of a batch. */
export const failedImages = z.array(
  z.strictObject({ id: z.string(), code: z.enum(errorCodes), message: z.string() }),
);

/** The images of a batch whose jobs were cancelled one by one; absent if none was. */
export const cancelledImages = z.array(z.string()).optional();

/** A recipe's name. Another string is `UNKNOWN_RECIPE`. */
export const recipe = z
  .string()
  .refine(isRecipe, coded("UNKNOWN_RECIPE", unknownRecipe))
  .meta({ enum: [...recipeNames], description: "How a layer becomes bytes before hashing" });

/** The name of a recipe whose archive is made of blocks. Another string is `UNKNOWN_RECIPE`. */
export const xzRecipe = z
  .string()
  .refine(isXzRecipe, coded("UNKNOWN_RECIPE", noXzRecipe))
  .meta({ enum: [...xzRecipeNames], description: "How a block is compressed" });

/** `sha256:` and 64 lower-case hex characters. */
export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** A count of bytes. */
export const bytes = z.int().nonnegative();

/** The blocks that an archive was made of, and how many of them were there already or came from compressors. */
export const blockCounts = z.strictObject({
  total: z.int().nonnegative(),
  reused: z.int().nonnegative(),
  remote: z.int().nonnegative(),
});

/** How long a job took in its worker, in milliseconds. */
export const durationMs = z.number().nonnegative();

const layerName = /^(?:sha256:)?[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;

/** No more layers of an image are told of while it is pulled or pushed. */
export const listedLayers = 50;

/** What a running job reports of itself, at most four times a second. */
export const progress = z.strictObject({
  phase: z.string(),
  done: z.number().nonnegative(),
  total: z.number().nonnegative(),
  unit: z.enum(["bytes", "entries", "images"]),
  /** Of a batch: the bytes of its layers, and at the pace so far the bytes per second and the seconds to its end. */
  bytesDone: z.number().nonnegative().optional(),
  bytesTotal: z.number().nonnegative().optional(),
  bytesPerSecond: z.number().nonnegative().optional(),
  secondsLeft: z.number().nonnegative().optional(),
  /**
   * Of a `pull` or `push`: the layers, and the bytes of each. A layer goes by its digest in the registry; one that has none
   * yet by its diffID or its image's id.
   */
  layers: z
    .array(
      z.object({
        digest: z.string().regex(layerName),
        done: z.number().nonnegative(),
        total: z.number().nonnegative(),
        state: z.enum(layerStates),
      }),
    )
    .max(listedLayers)
    .optional(),
});
export type Progress = z.infer<typeof progress>;

/** What a later version may add is no error to whoever only reads. */
const readProgress = z.object(progress.shape);

/** Reads the progress of a job's record or event; undefined for anything else: whoever can write to Redis wrote it. */
export function parseProgress(value: unknown): Progress | undefined {
  const parsed = readProgress.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
