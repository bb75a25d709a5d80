// The images of the graph: a list, one image, and an image with its ancestors.
import { z } from "zod";
import { imagePaths, knownLayerFacts } from "../../graph/index.js";
import { checkTar } from "../../layer/index.js";
import {
  type CatalogImage,
  type ImageCatalog,
  type NamesByImage,
  openImageCatalog,
  readNames,
  recheckable,
} from "../../listing/index.js";
import { openMounts } from "../../mount/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError, problem } from "../problem.js";
import { addGraphRoute } from "./graph.js";
import { brokenImage, image, imageSummary, type ListedSummary, referenceParams } from "./image-schemas.js";
import { addSearchRoute } from "./search.js";

const tags = ["images"];
const pageQuery = z.object({
  prefix: z
    .string()
    .max(128)
    .regex(/^[A-Za-z0-9_.-]*$/)
    .default(""),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  cursor: z.string().max(1_000).optional(),
});

/** `/api/v1/images`, what lies below one, and `/api/v1/graph`. */
export function addImageRoutes(app: App, context: ServerContext): void {
  const { graph, signal, log } = context;
  let lastWarning = "";
  const warnOnce = (line: string) => {
    if (line !== lastWarning) log(line);
    lastWarning = line;
  };
  const catalog = openImageCatalog(graph, signal);
  const names = () => readNames(graph, warnOnce);
  addGraphRoute(app, context, catalog, names);
  addSearchRoute(app, context, catalog, names);

  app.get(
    "/api/v1/images",
    {
      schema: {
        tags,
        operationId: "listImages",
        summary: "The images in the order of their ids",
        querystring: pageQuery,
        response: {
          200: z.object({
            images: z.array(imageSummary),
            broken: z.array(brokenImage).meta({ description: "What cannot be loaded, of this page" }),
            next: z.string().nullable().meta({ description: "The cursor of the next page" }),
          }),
          400: problem,
        },
      },
    },
    async ({ query: { prefix, limit, cursor } }) => {
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const counted = await catalog();
      const namesById = await names();
      const found = counted.images.filter(
        ({ id }) => id.startsWith(prefix) && (after === undefined || id > after),
      );
      const page = found.slice(0, limit);
      const last = page.at(-1);
      return {
        images: page
          .filter(({ broken }) => broken === undefined)
          .map((each) => summaryOf(each, counted, namesById)),
        broken: page.flatMap(({ id, broken }) => (broken === undefined ? [] : [{ id, ...broken }])),
        next: last === undefined || found.length === page.length ? null : makeCursor(last.id),
      };
    },
  );

  app.get(
    "/api/v1/images/:ref",
    {
      schema: {
        tags,
        operationId: "getImage",
        summary: "An image: its record, layer, checksums and mounts",
        params: referenceParams,
        response: { 200: image, 400: problem, 404: problem, 409: problem },
      },
    },
    async ({ params: { ref } }) => {
      const found = await graph.get(ref);
      const { id, parent, record } = found;
      const { jobId: _, ...facts } = knownLayerFacts(imagePaths(graph.directory, id)) ?? {};
      const children = await graph.children(id, signal);
      return {
        id,
        names: [...((await names()).get(id) ?? [])],
        parent,
        record,
        layer: "layerBytes" in facts ? facts : null,
        checksums: await recheckable(graph, found, await leavesFieldsEmpty()),
        children,
        head: children.length === 0,
        mounts: openMounts(graph)
          .list()
          .filter((each) => each.id === id),
      };
    },
  );

  app.get(
    "/api/v1/images/:ref/history",
    {
      schema: {
        tags,
        operationId: "getHistory",
        summary: "An image and its ancestors, the image itself first",
        params: referenceParams,
        response: {
          200: z.object({ history: z.array(imageSummary) }),
          400: problem,
          404: problem,
          409: problem,
          422: problem,
        },
      },
    },
    async ({ params: { ref } }) => {
      const history = await graph.history(ref);
      const counted = await catalog();
      const namesById = await names();
      const byId = new Map(counted.images.map((each) => [each.id, each]));
      const counts = history.map(({ id }) => byId.get(id)).filter((each) => each !== undefined);
      return { history: counts.map((each) => summaryOf(each, counted, namesById)) };
    },
  );
}

function summaryOf(image: CatalogImage, { children }: ImageCatalog, names: NamesByImage): ListedSummary {
  const { id, parent, created, comment, layerBytes, checksum, checksums } = image;
  const ownChildren = children.get(id) ?? [];
  return {
    id,
    names: [...(names.get(id) ?? [])],
    parent,
    created,
    comment,
    layerBytes,
    checksum,
    head: ownChildren.length === 0,
    children: [...ownChildren],
    checksums: [...checksums],
  };
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

let tarIsTold: Promise<boolean> | undefined;

/** Whether the shell lines need a filter, see `checkTar`. False if this host has no tar. */
function leavesFieldsEmpty(): Promise<boolean> {
  tarIsTold ??= checkTar().then(
    (tar) => tar.leavesFieldsEmpty,
    () => false,
  );
  return tarIsTold;
}
