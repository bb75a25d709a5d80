// The list of images: page by page in the order of their ids, or any part of it, filtered and sorted.
import { z } from "zod";
import { type ImageQuery, type ImageRow, imageSorts, openImageRows } from "../../../listing/index.js";
import { openMounts } from "../../../mount/index.js";
import { momentRule } from "../../../terms/index.js";
import type { App, ServerContext } from "../../context.js";
import { HttpError, problem } from "../../problem.js";
import { brokenImage, imageSummary, type ListedSummary } from "../image-schemas.js";
import { type Listings, momentOf, summaryOf } from "./listings.js";

const flag = z.enum(["true", "false"]).optional();
const size = z.coerce.number().int().min(0).optional();
const moment = z.string().max(100).optional();

/** Each of them asks for a window. */
const windowQuery = {
  offset: z.coerce
    .number()
    .int()
    .min(0)
    .optional()
    .meta({ description: "How many rows come before those that are asked for" }),
  sort: z.enum(imageSorts).optional().meta({
    description: "Default `id`. What has no such value comes last, equals are in the order of their ids",
  }),
  direction: z.enum(["asc", "desc"]).optional().meta({ description: "Default `asc`" }),
  text: z.string().max(1_000).optional().meta({
    description: "Words, each of which is in a name, the id or the comment, in upper or lower case",
  }),
  named: flag.meta({ description: "Whether it has a name" }),
  checked: flag.meta({ description: "Whether a checksum is stored; a broken image is neither" }),
  mounted: flag.meta({ description: "Whether a mount has it on top" }),
  broken: flag.meta({ description: "Whether it cannot be loaded" }),
  head: flag.meta({ description: "Whether it is nobody's parent" }),
  minBytes: size.meta({ description: "Its layer has that many bytes or more" }),
  maxBytes: size.meta({ description: "Its layer has that many bytes or fewer" }),
  createdSince: moment.meta({ description: `Created at that time or later: ${momentRule}` }),
  createdBefore: moment.meta({ description: `Created before that time: ${momentRule}` }),
  asOf: z.coerce.number().int().min(0).optional().meta({
    description: "`asOf` of the answer before: while that count is the last, this part is of the same list",
  }),
  fresh: flag.meta({ description: "Whether to wait for a count that begins now, however long it takes" }),
};

const listQuery = z.object({
  prefix: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_.-]*$/)
    .default(""),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(1_000).optional(),
  ...windowQuery,
});

/** Of a row's children so many are named. */
const shownChildren = 10;

/** `/api/v1/images`. */
export function addListRoute(app: App, { graph }: ServerContext, { catalogs, names }: Listings): void {
  const rowsOf = openImageRows();

  /** How many mounts have each image on top. */
  const mounts = () => {
    const counts = new Map<string, number>();
    for (const { id } of openMounts(graph).list()) counts.set(id, (counts.get(id) ?? 0) + 1);
    return counts;
  };

  app.get(
    "/api/v1/images",
    {
      schema: {
        tags: ["images"],
        operationId: "listImages",
        summary: "The images in the order of their ids, or filtered and sorted",
        description:
          "With any of `prefix`, `limit` and `cursor` alone the answer is a page, and the cursor of the next. With any other parameter it is a window of a list, which `offset` and `limit` choose; broken images are among its `images` as well, in their places.",
        querystring: listQuery,
        response: {
          200: z.object({
            images: z.array(imageSummary),
            broken: z.array(brokenImage).meta({ description: "What cannot be loaded, of this page" }),
            next: z
              .string()
              .nullable()
              .meta({ description: "The cursor of the next page; null of a window" }),
            total: z.int().nonnegative().meta({ description: "How many images the whole list has" }),
            asOf: z.int().meta({ description: "When these images were counted, in ms since the epoch" }),
            outdated: z.boolean().meta({ description: "Whether a newer count is under way: see `fresh`" }),
          }),
          400: problem,
        },
      },
    },
    async ({ query: { prefix, limit, cursor, ...query } }) => {
      const asksWindow = Object.values(query).some((value) => value !== undefined);
      if (asksWindow) {
        if (cursor !== undefined) throw noCursor();
        const { asOf, fresh, offset = 0, ...others } = query;
        const wanted = { prefix, ...questionOf(others) };
        const { catalog, isOutdated } = await catalogs.recent({ asOf, fresh: fresh === "true" });
        const rows = rowsOf(catalog, await names(), mounts(), wanted);
        const images = rows.slice(offset, offset + limit);
        return {
          images: images.map(describeRow),
          broken: brokenOf(images),
          next: null,
          total: rows.length,
          asOf: catalog.asOf,
          outdated: isOutdated,
        };
      }
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const counted = await catalogs.now();
      const namesById = await names();
      const all = counted.images.filter(({ id }) => id.startsWith(prefix));
      const found = after === undefined ? all : all.filter(({ id }) => id > after);
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        images: page
          .filter(({ broken }) => broken === undefined)
          .map((each) => summaryOf(each, counted, namesById)),
        broken: brokenOf(page),
        next: last === undefined || found.length === page.length ? null : makeCursor(last.id),
        total: all.length,
        asOf: counted.asOf,
        outdated: false,
      };
    },
  );
}

type Flag = "true" | "false" | undefined;

/** What is asked, without what chooses the window. @throws 400 `INVALID_REQUEST` for a text that is no time */
function questionOf(
  query: {
    readonly [name in "named" | "checked" | "mounted" | "broken" | "head"]?: Flag;
  } & Pick<ImageQuery, "sort" | "text" | "minBytes" | "maxBytes"> & {
      readonly direction?: "asc" | "desc" | undefined;
      readonly createdSince?: string | undefined;
      readonly createdBefore?: string | undefined;
    },
): ImageQuery {
  const { direction, createdSince, createdBefore, named, checked, mounted, broken, head, ...same } = query;
  return {
    ...same,
    named: isTrue(named),
    checked: isTrue(checked),
    mounted: isTrue(mounted),
    broken: isTrue(broken),
    head: isTrue(head),
    createdSince: momentOf("createdSince", createdSince),
    createdBefore: momentOf("createdBefore", createdBefore),
    descending: direction === "desc",
  };
}

function isTrue(value: Flag): boolean | undefined {
  return value === undefined ? undefined : value === "true";
}

function describeRow(row: ImageRow): ListedSummary {
  const { id, names, parent, created, comment, layerBytes, checksum, checksums } = row;
  const { children, mounts, totalBytes, broken } = row;
  return {
    ...{ id, names: [...names], parent, created, comment, layerBytes, checksum },
    head: children.length === 0,
    children: children.slice(0, shownChildren),
    checksums: [...checksums],
    ...{ childCount: children.length, mounts, totalBytes },
    ...(broken === undefined ? {} : { broken: { code: broken.code, message: broken.message } }),
  };
}

function brokenOf(images: readonly Pick<ImageRow, "id" | "broken">[]) {
  return images.flatMap(({ id, broken }) => (broken === undefined ? [] : [{ id, ...broken }]));
}

/** Opaque to clients: its contents may change. */
function makeCursor(lastId: string): string {
  return Buffer.from(lastId, "latin1").toString("base64url");
}

function readCursor(cursor: string): string {
  const lastId = Buffer.from(cursor, "base64url").toString("latin1");
  if (lastId !== "" && makeCursor(lastId) === cursor) return lastId;
  throw new HttpError(
    400,
    "INVALID_REQUEST",
    "cursor: this is not a valid cursor; take `next` of the previous page",
  );
}

function noCursor(): HttpError {
  return new HttpError(
    400,
    "INVALID_REQUEST",
    "cursor: it goes with prefix and limit alone; a list that is filtered or sorted takes an offset",
  );
}
