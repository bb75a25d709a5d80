// The mounts of the root.
import { z } from "zod";
import { openMounts } from "../../mount/index.js";
import type { App, ServerContext } from "../context.js";
import { mount } from "./image-schemas.js";

/** `/api/v1/mounts`. The mounts of other hosts than the server's have the state `elsewhere`. */
export function addMountRoutes(app: App, { graph, log }: ServerContext): void {
  app.get(
    "/api/v1/mounts",
    {
      schema: {
        tags: ["mounts"],
        operationId: "listMounts",
        summary: "The mounts in the order of their ids",
        response: { 200: z.object({ mounts: z.array(mount) }) },
      },
    },
    async () => ({ mounts: openMounts(graph).list(log) }),
  );
}
