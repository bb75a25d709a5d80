// One image: all that is known of it.
import { z } from "zod";
import { imagePaths, knownLayerFacts } from "../../../graph/index.js";
import { checkTar } from "../../../layer/index.js";
import { recheckable } from "../../../listing/index.js";
import { openMounts } from "../../../mount/index.js";
import type { App, ServerContext } from "../../context.js";
import { problem } from "../../problem.js";
import { image, referenceParams } from "../image-schemas.js";
import type { Listings } from "./listings.js";

/** `/api/v1/images/{ref}`. */
export function addImageRoute(app: App, { graph, signal }: ServerContext, { names }: Listings): void {
  app.get(
    "/api/v1/images/:ref",
    {
      schema: {
        tags: ["images"],
        operationId: "getImage",
        summary: "An image: its record, layer, checksums and mounts",
        params: referenceParams,
        querystring: z.object({
          children: z.coerce
            .number()
            .int()
            .min(0)
            .optional()
            .meta({ description: "How many children are named at most. Default: all" }),
        }),
        response: { 200: image, 400: problem, 404: problem, 409: problem },
      },
    },
    async ({ params: { ref }, query }) => {
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
        children: children.slice(0, query.children),
        childCount: children.length,
        head: children.length === 0,
        mounts: openMounts(graph)
          .list()
          .filter((each) => each.id === id),
      };
    },
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
