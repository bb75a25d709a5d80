// The files of the outbox: exports, to be downloaded and then removed.

import fastifyStatic from "@fastify/static";
import { z } from "zod";
import { rootPath } from "../../disk/index.js";
import { outboxFileName } from "../../jobs/index.js";
import { listOutbox, markFetched, outboxFile, removeFromOutbox } from "../../outbox/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError } from "../problem.js";
import { notModified } from "./entity-tag.js";
import { problemsOf } from "./problems-of.js";

const tags = ["exports"];
const params = z.object({ file: outboxFileName });

const exportedFile = z
  .object({ file: z.string(), bytes: z.int(), createdAt: z.string().meta({ description: "RFC 3339" }) })
  .meta({ id: "Export" });

const archive = (description: string) => ({
  description,
  content: { "application/x-tar": { schema: z.unknown() } },
});

/** `/api/v1/exports` and below. */
export function addExportRoutes(app: App, { root }: ServerContext): void {
  const notThere = (file: string) => new HttpError(404, "NOT_FOUND", `there is no export ${file}`);

  app.get(
    "/api/v1/exports",
    {
      schema: {
        tags,
        operationId: "listExports",
        summary: "The archives in the outbox in the order of their names",
        response: { 200: z.object({ exports: z.array(exportedFile) }), ...problemsOf(500) },
      },
    },
    async () => ({ exports: await listOutbox(root) }),
  );

  // In a scope of its own, whose replies can send files of the outbox only.
  void app.register(async (scope: App) => {
    await scope.register(fastifyStatic, { root: rootPath(root, "outbox"), serve: false });
    scope.get(
      "/api/v1/exports/:file",
      {
        compress: false,
        schema: {
          tags,
          operationId: "getExport",
          summary: "An archive, or with Range a part of it",
          params,
          response: {
            200: archive("The archive"),
            206: archive("The part that Range asks for"),
            304: notModified,
            ...problemsOf(400, 404, 416),
          },
        },
      },
      async ({ params: { file } }, reply) => {
        if ((await outboxFile(root, file)) === undefined) throw notThere(file);
        await markFetched(root, file);
        reply
          .header("content-disposition", `attachment; filename="${file}"`)
          .header("cache-control", "no-cache");
        return reply.type("application/x-tar").sendFile(file, { contentType: false, cacheControl: false });
      },
    );
  });

  app.delete(
    "/api/v1/exports/:file",
    {
      schema: {
        tags,
        operationId: "deleteExport",
        summary: "Remove an archive from the outbox",
        params,
        response: { 204: z.null().meta({ description: "It is removed" }), ...problemsOf(400, 404) },
      },
    },
    async ({ params: { file } }, reply) => {
      if (!(await removeFromOutbox(root, file))) throw notThere(file);
      return reply.code(204).send(null);
    },
  );
}
