// What is inside an image, as zod schemas of the HTTP API.
import { z } from "zod";
import { bytes, imageReference } from "../../../jobs/index.js";
import { changeKinds, differenceKinds } from "../../../terms/index.js";

/** A path or a name as text. */
const spelled = z.string().meta({
  description:
    "As UTF-8; a byte that is not, or that nobody sees, is `\\xHH`, and a backslash is `\\\\`: see docs/contents.md",
});

const type = z.enum(["file", "directory", "symlink", "character", "block", "fifo", "socket"]);

export const fileEntry = z
  .object({
    path: spelled,
    name: spelled,
    kind: z.enum(changeKinds).nullable().meta({
      description: "What the layer does; null for a directory that it leaves as it is, and without `layer`",
    }),
    type,
    mode: z.string().meta({ description: "Permissions in octal" }),
    uid: z.int(),
    gid: z.int(),
    size: bytes.meta({ description: "Bytes of a file; 0 for everything else" }),
    mtime: z.string().meta({ description: "RFC 3339, to the nanosecond" }),
    target: spelled.nullable().meta({ description: "Of a symlink" }),
    device: z.string().nullable().meta({ description: "`major:minor` of a device" }),
    links: z.int().meta({ description: "The names that the file has in its layer" }),
    layer: z.string().meta({ description: "The id of the image whose layer it is of" }),
  })
  .meta({ id: "FileEntry" });

export const diffEntry = z
  .object({
    kind: z.enum(changeKinds),
    path: spelled,
    type,
    size: bytes.nullable().meta({ description: "Bytes in the second image; null for a deletion" }),
    formerSize: bytes.nullable().meta({
      description: "Bytes in the first image, with all that lay in a directory; null for an addition",
    }),
    differs: z.array(z.enum(differenceKinds)),
  })
  .meta({ id: "DiffEntry" });

export const diff = z.object({
  changes: z.array(diffEntry),
  counts: z
    .object({ add: z.int(), modify: z.int(), delete: z.int() })
    .meta({ description: "Of all that differs, whatever is asked for" }),
  bytes: z
    .object({ before: bytes, after: bytes })
    .meta({ description: "Of the files that are seen of each image" }),
  next: z.string().nullable().meta({ description: "The cursor of the next page" }),
});

export const waste = z
  .object({
    efficiency: z.number().min(0).max(1).meta({ description: "The score of dive" }),
    totalBytes: bytes,
    wastedBytes: bytes,
    layers: z
      .array(z.object({ id: z.string(), bytes, wastedBytes: bytes }))
      .meta({ description: "Topmost first" }),
    files: z
      .array(
        z.object({
          path: spelled,
          bytes,
          times: z.int().meta({ description: "How many layers have a file there that is not seen" }),
          isGone: z.boolean().meta({ description: "True if nothing is there in the end" }),
        }),
      )
      .meta({ description: "The worst first" }),
    count: z.int().meta({ description: "How many paths waste, listed or not" }),
  })
  .meta({ id: "Waste" });

export const layerStep = z
  .object({
    layer: z
      .string()
      .nullable()
      .meta({ description: "The id of the image whose layer it made; null for a step that made none" }),
    created: z.string().nullable(),
    createdBy: z.string().nullable().meta({ description: "The command" }),
    comment: z.string().nullable(),
    layerBytes: bytes,
    entries: z.int().nonnegative(),
    whiteouts: z.int().nonnegative(),
  })
  .meta({ id: "LayerStep" });

const cursor = z.string().max(16_000).optional();
const limit = z.coerce.number().int().min(1).max(1_000).default(200);
const search = z
  .string()
  .max(1_000)
  .optional()
  .meta({ description: "A text that the path has, whatever its case" });

export const filesQuery = z.object({
  layer: z
    .string()
    .regex(/^[A-Za-z0-9_.-]{1,128}$/)
    .optional()
    .meta({ description: "What this layer does, instead of what is seen of all of them" }),
  path: z.string().max(16_000).default("").meta({ description: "A directory" }),
  search,
  cursor,
  limit,
});

export const diffQuery = z.object({ kind: z.enum(changeKinds).optional(), search, cursor, limit });
export const wasteQuery = z.object({ limit: z.coerce.number().int().min(0).max(1_000).default(100) });
export const diffParams = z.object({ a: imageReference, b: imageReference });
