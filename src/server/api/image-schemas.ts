// The images of the HTTP API as zod schemas.
import { z } from "zod";
import { bytes, digest, errorCodes, imageReference } from "../../jobs/index.js";
import { mountDriverNames } from "../../terms/index.js";

/** The `{ref}` of a path. */
export const referenceParams = z.object({ ref: imageReference });

const names = z.array(z.string()).meta({ description: "As `repository:tag`, in their order" });

const count = z.int().nonnegative();

/** An image as the listings show it. */
export const imageSummary = z
  .object({
    id: z.string(),
    names,
    parent: z.string().nullable(),
    created: z.string().nullable().meta({ description: "RFC 3339, as the record has it" }),
    comment: z.string().nullable(),
    layerBytes: bytes.nullable().meta({ description: "Null for a layer that was never measured" }),
    checksum: z
      .string()
      .nullable()
      .meta({ description: "The stored checksum of the default recipe, else of the next that has one" }),
    head: z.boolean().meta({ description: "True if it is nobody's parent" }),
    children: z.array(z.string()),
    checksums: z.array(z.string()).meta({ description: "The recipes by which a checksum is stored" }),
    childCount: count
      .optional()
      .meta({ description: "In a window, whose images name their first children only" }),
    mounts: count.optional().meta({ description: "In a window: the mounts that have it on top" }),
    totalBytes: bytes
      .nullable()
      .optional()
      .meta({ description: "In a window: with all its ancestors' layers; null where one is not known" }),
    broken: z
      .object({ code: z.enum(errorCodes), message: z.string() })
      .optional()
      .meta({ description: "In a window: why it cannot be loaded" }),
  })
  .meta({ id: "ImageSummary" });
export type ListedSummary = z.infer<typeof imageSummary>;

/** An image that cannot be loaded. */
export const brokenImage = z
  .object({ id: z.string(), code: z.enum(errorCodes), message: z.string() })
  .meta({ id: "BrokenImage" });

/** A mount as `stevedore mounts --json` shows it. */
export const mount = z
  .object({
    mountId: z.string(),
    id: z.string(),
    target: z.string(),
    host: z.string(),
    driver: z.enum(mountDriverNames),
    layers: z.int(),
    upper: z.string().optional(),
    state: z.enum(["mounted", "stale", "unmounted", "elsewhere"]),
    createdAt: z.string(),
  })
  .meta({ id: "Mount" });

const checksum = z
  .object({
    checksum: z.string(),
    tarDigest: z.string().nullable(),
    layerBytes: bytes.nullable(),
    archiveBytes: bytes.nullable(),
    computedAt: z.string().nullable(),
    shellLine: z
      .string()
      .nullable()
      .meta({ description: "The line of shell that re-checks it on that host" }),
  })
  .meta({ id: "RecheckableChecksum" });

/** All that is known of an image. */
export const image = z
  .object({
    id: z.string(),
    names,
    parent: z.string().nullable(),
    record: z.looseObject({ id: z.string() }),
    layer: z
      .object({
        diffId: digest.optional(),
        lossless: z
          .boolean()
          .optional()
          .meta({ description: "Of a layer that came as an archive: whether that can be made again" }),
        layerBytes: bytes,
        entries: z.int().nonnegative(),
        whiteouts: z.int().nonnegative(),
      })
      .nullable()
      .meta({ description: "Null for a layer that was never measured" }),
    checksums: z.record(z.string(), checksum).meta({ description: "By recipe" }),
    children: z.array(z.string()),
    childCount: count.meta({ description: "How many children it has, named or not" }),
    head: z.boolean(),
    mounts: z.array(mount).meta({ description: "The mounts that have it on top" }),
  })
  .meta({ id: "Image" });

/** The forest of images. */
export const forest = z
  .object({
    nodes: z.array(
      z.object({
        id: z.string(),
        parent: z.string().nullable(),
        created: z.string().nullable(),
        comment: z.string().nullable(),
        layerBytes: bytes.nullable(),
        checksums: z.array(z.string()),
        mounts: z.int().nonnegative(),
        names,
        broken: z.enum(errorCodes).optional().meta({ description: "Why it cannot be loaded" }),
      }),
    ),
    edges: z
      .array(z.object({ child: z.string(), parent: z.string() }))
      .meta({ description: "Between nodes: a parent that is missing has none" }),
  })
  .meta({ id: "Graph" });
