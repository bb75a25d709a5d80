// An image with its ancestors, and the command that made each layer.
import { z } from "zod";
import { type CatalogImage, commandsOf, type ImageCatalog } from "../../../listing/index.js";
import type { App, ServerContext } from "../../context.js";
import { problem } from "../../problem.js";
import { imageSummary, referenceParams } from "../image-schemas.js";
import { type Listings, summaryOf } from "./listings.js";

const count = z.coerce.number().int().min(0).optional();

const step = imageSummary
  .extend({ createdBy: z.string().nullable().meta({ description: "The command that made its layer" }) })
  .meta({ id: "HistoryImage" });

/** `/api/v1/images/{ref}/history`. */
export function addHistoryRoute(app: App, { graph }: ServerContext, { catalogs, names }: Listings): void {
  app.get(
    "/api/v1/images/:ref/history",
    {
      schema: {
        tags: ["images"],
        operationId: "getHistory",
        summary: "An image and its ancestors, the image itself first",
        params: referenceParams,
        querystring: z.object({
          offset: count.meta({ description: "How many of them are left out. Default 0" }),
          limit: count.meta({ description: "How many come at most. Default: all" }),
        }),
        response: {
          200: z.object({
            history: z.array(step),
            total: z.int().nonnegative().meta({ description: "How many there are, the image among them" }),
          }),
          400: problem,
          404: problem,
          409: problem,
          422: problem,
        },
      },
    },
    async ({ params: { ref }, query: { offset = 0, limit = Number.POSITIVE_INFINITY } }) => {
      const history = await graph.history(ref);
      const namesById = await names();
      const commands = commandsOf(history);
      const wanted = history.slice(offset, offset + limit).map(({ id }) => id);
      let counted = (await catalogs.recent()).catalog;
      let counts = imagesOf(counted, wanted);
      // Of what is younger than the last count the next one knows.
      if (counts.length < wanted.length) {
        counted = await catalogs.now();
        counts = imagesOf(counted, wanted);
      }
      return {
        history: counts.map((each) => ({
          ...summaryOf(each, counted, namesById),
          createdBy: commands.get(each.id) ?? null,
        })),
        total: history.length,
      };
    },
  );
}

/** Those that the catalog has, in the order of the ids. */
function imagesOf({ images }: ImageCatalog, ids: readonly string[]): readonly CatalogImage[] {
  const wanted = new Set(ids);
  const found = new Map(images.filter(({ id }) => wanted.has(id)).map((each) => [each.id, each]));
  return ids.map((id) => found.get(id)).filter((each) => each !== undefined);
}
