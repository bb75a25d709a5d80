// What is wrong with an image, and its record as it lies on the disk: for one that cannot be loaded, too.
import { z } from "zod";
import { damageKinds, findFaults, readRawRecord } from "../../../audit/index.js";
import { imagePaths } from "../../../graph/index.js";
import { errorCodes } from "../../../jobs/index.js";
import { readNames } from "../../../listing/index.js";
import type { App, ServerContext } from "../../context.js";
import { problem } from "../../problem.js";
import { referenceParams } from "../image-schemas.js";

const kinds = Object.keys(damageKinds) as [keyof typeof damageKinds, ...(keyof typeof damageKinds)[]];

const faults = z
  .object({
    id: z.string(),
    names: z.array(z.string()),
    directory: z.string().meta({ description: "Where it lies on the server's host" }),
    record: z
      .string()
      .nullable()
      .meta({ description: "Its file `json` as text, the first 64 KiB; null where none can be read" }),
    recordBytes: z.int().nonnegative().nullable(),
    childCount: z.int().nonnegative(),
    faults: z
      .array(
        z.object({
          code: z.enum(errorCodes),
          what: z.enum(kinds),
          path: z.string(),
          message: z.string(),
          repair: z
            .string()
            .nullable()
            .meta({ description: "What `stevedore check --repair` does; null where people must decide" }),
        }),
      )
      .meta({ description: "As `stevedore check` tells of this image. None for one that is whole" }),
  })
  .meta({ id: "ImageFaults" });

/** How much of a record is shown, in bytes. */
const shownBytes = 64 * 1024;

/** `/api/v1/images/{ref}/faults`. */
export function addFaultRoute(app: App, { graph, signal, log }: ServerContext): void {
  app.get(
    "/api/v1/images/:ref/faults",
    {
      schema: {
        tags: ["images"],
        operationId: "getFaults",
        summary: "What is wrong with an image, with its record as it is; for a broken one, too",
        params: referenceParams,
        response: { 200: faults, 400: problem, 404: problem, 409: problem },
      },
    },
    async ({ params: { ref } }) => {
      const id = await graph.resolve(ref);
      const children = await graph.children(id, signal);
      const found = await findFaults(graph, id, children);
      const record = readRawRecord(graph, id);
      return {
        id,
        directory: imagePaths(graph.directory, id).directory,
        record: record?.subarray(0, shownBytes).toString() ?? null,
        recordBytes: record?.length ?? null,
        childCount: children.length,
        names: [...((await readNames(graph, log)).get(id) ?? [])],
        faults: found.map(({ code, what, path, message, repair }) => ({ code, what, path, message, repair })),
      };
    },
  );
}
