// The files of an image over HTTP, two images compared, and what an image wastes.
import { z } from "zod";
import {
  type Diff,
  diffImages,
  type ImageContents,
  listPage,
  openContents,
  readSpelling,
  reckonWaste,
  type Waste,
} from "../../../contents/index.js";
import { layerSteps } from "../../../listing/index.js";
import type { App, ServerContext } from "../../context.js";
import { HttpError } from "../../problem.js";
import { referenceParams } from "../image-schemas.js";
import { problemsOf } from "../problems-of.js";
import { addFileRoutes } from "./file.js";
import { keepLastAnswers } from "./last-answers.js";
import * as schemas from "./schemas.js";

const tags = ["images"];
/** The names, of differences and of files, that are kept for the next pages. */
const mostKept = 200_000;
/** The files that a reckoning keeps: as many as a query may ask for. */
const mostFiles = 1_000;

/** `/api/v1/images/{ref}/files`, `…/layers`, `…/waste`, and `/api/v1/images/{a}/diff/{b}`. */
export function addContentsRoutes(app: App, context: ServerContext): void {
  const { graph, signal } = context;
  const open = openContents(graph, signal);
  const diffs = keepLastAnswers<Diff>(mostKept, ({ changes }) => changes.length);
  const reckonings = keepLastAnswers<Waste>(mostKept, ({ files }) => files.length);
  addFileRoutes(app, context, open);

  app.get(
    "/api/v1/images/:ref/files",
    {
      schema: {
        tags,
        operationId: "listFiles",
        summary: "The entries of a directory of an image, or all that a search finds below it",
        params: referenceParams,
        querystring: schemas.filesQuery,
        response: {
          200: z.object({
            entries: z.array(schemas.fileEntry),
            next: z.string().nullable().meta({ description: "The cursor of the next page" }),
          }),
          ...problemsOf(400, 404, 409, 422),
        },
      },
    },
    async ({ params: { ref }, query: { layer, path, search, cursor, limit } }) => {
      const after = cursor === undefined ? undefined : readCursor(cursor);
      const isRecursive = search !== undefined && search !== "";
      const query = { layer, path: readSpelling(path), search, isRecursive, after, limit };
      const { entries, next } = await listPage(await open(ref), query, signal);
      return { entries: [...entries], next: next === undefined ? null : makeCursor(next) };
    },
  );

  app.get(
    "/api/v1/images/:ref/layers",
    {
      schema: {
        tags,
        operationId: "listLayers",
        summary: "The steps that made an image, the last one first, with the layer of each",
        params: referenceParams,
        response: {
          200: z.object({ layers: z.array(schemas.layerStep) }),
          ...problemsOf(400, 404, 409, 422),
        },
      },
    },
    async ({ params: { ref } }) => {
      const layers: z.infer<typeof schemas.layerStep>[] = [];
      for (const step of layerSteps(await graph.history(ref))) {
        const facts = step.layer === null ? undefined : await graph.layerFacts(step.layer, signal);
        const { layerBytes = 0, entries = 0, whiteouts = 0 } = facts ?? {};
        layers.push({ ...step, layerBytes, entries, whiteouts });
      }
      return { layers };
    },
  );

  app.get(
    "/api/v1/images/:a/diff/:b",
    {
      schema: {
        tags,
        operationId: "diffImages",
        summary: "What differs between the files of two images",
        params: schemas.diffParams,
        querystring: schemas.diffQuery,
        response: { 200: schemas.diff, ...problemsOf(400, 404, 409, 422) },
      },
    },
    async ({ params: { a, b }, query: { kind, search = "", cursor, limit } }) => {
      const from = cursor === undefined ? 0 : readPlace(cursor);
      const [before, after] = [await open(a), await open(b)];
      const sources = [...treesOf(before), between, ...treesOf(after)];
      const { changes, counts, bytes } = await diffs(sources, () => diffImages(before, after, signal));
      const wanted = search.toLowerCase();
      const found: z.infer<typeof schemas.diffEntry>[] = [];
      let at = from;
      for (; at < changes.length && found.length < limit; at++) {
        const change = changes[at];
        if (change === undefined || (kind !== undefined && change.kind !== kind)) continue;
        if (!change.path.toLowerCase().includes(wanted)) continue;
        found.push({ ...change, differs: [...change.differs] });
      }
      return { changes: found, counts, bytes, next: at < changes.length ? makeCursor(String(at)) : null };
    },
  );

  app.get(
    "/api/v1/images/:ref/waste",
    {
      schema: {
        tags,
        operationId: "getWaste",
        summary: "What of an image is stored and never seen",
        params: referenceParams,
        querystring: schemas.wasteQuery,
        response: { 200: schemas.waste, ...problemsOf(400, 404, 409, 422) },
      },
    },
    async ({ params: { ref }, query: { limit } }) => {
      const contents = await open(ref);
      const { files, layers, ...rest } = await reckonings(treesOf(contents), () =>
        reckonWaste(contents, mostFiles, signal),
      );
      return { ...rest, layers: [...layers], files: files.slice(0, limit) };
    },
  );
}

/** Stands between the layers of two images. */
const between = {};

function treesOf({ layers }: ImageContents): object[] {
  return layers.map(({ tree }) => tree);
}

/** Opaque to clients: its contents may change. @param place a latin1 string */
function makeCursor(place: string): string {
  return Buffer.from(place, "latin1").toString("base64url");
}

/** @throws 400 `INVALID_REQUEST` for text that is not a valid cursor */
function readCursor(cursor: string): string {
  const place = Buffer.from(cursor, "base64url").toString("latin1");
  if (place === "" || makeCursor(place) !== cursor) throw invalidCursor();
  return place;
}

/** The same of a place in a list. */
function readPlace(cursor: string): number {
  const place = readCursor(cursor);
  if (!/^\d{1,15}$/.test(place)) throw invalidCursor();
  return Number(place);
}

function invalidCursor(): HttpError {
  return new HttpError(
    400,
    "INVALID_REQUEST",
    "cursor: this is not a valid cursor; take `next` of the previous page",
  );
}
