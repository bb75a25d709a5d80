// The names of the images, and what they stand for.
import { z } from "zod";
import { errorCodes } from "../../../jobs/index.js";
import { findNames, readNamed } from "../../../listing/index.js";
import type { App, ServerContext } from "../../context.js";
import { problem } from "../../problem.js";

const named = z
  .object({
    name: z.string().meta({ description: "As `repository:tag`" }),
    id: z.string().meta({ description: "What it stands for" }),
    ofImage: z.int().positive().meta({ description: "How many names that image has, this one among them" }),
    image: z
      .object({
        created: z.string().nullable(),
        comment: z.string().nullable(),
        broken: z.enum(errorCodes).optional(),
      })
      .nullable()
      .meta({ description: "Null for an image that is not there" }),
  })
  .meta({ id: "Name" });

/** `/api/v1/names`. */
export function addNamesRoute(app: App, { graph }: ServerContext): void {
  app.get(
    "/api/v1/names",
    {
      schema: {
        tags: ["images"],
        operationId: "listNames",
        summary: "The names of the images in their order, and what each stands for",
        querystring: z.object({
          text: z.string().max(1_000).optional().meta({
            description: "Words that a name holds, or the id of its image begins with",
          }),
          offset: z.coerce.number().int().min(0).default(0),
          limit: z.coerce.number().int().min(1).max(1_000).default(100),
        }),
        response: {
          200: z.object({
            names: z.array(named),
            total: z.int().nonnegative().meta({ description: "How many the whole list has" }),
          }),
          400: problem,
          409: problem.meta({ description: "The names cannot be read" }),
        },
      },
    },
    async ({ query: { text, offset, limit } }) => {
      const names = await graph.names.all();
      const found = findNames(names, text);
      const rows = found.slice(offset, offset + limit);
      return {
        names: await Promise.all(
          rows.map(async (row) => ({ ...row, image: await readNamed(graph, row.id) })),
        ),
        total: found.length,
      };
    },
  );
}
