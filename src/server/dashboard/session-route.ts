// What the dashboard asks first: who it is shown to.
import { z } from "zod";
import { roles } from "../auth/index.js";
import type { App, ServerContext } from "../context.js";
import { problem } from "../problem.js";

const session = z
  .object({
    role: z.enum(roles),
    /** False if the server has no tokens: there is nothing to log out of. */
    login: z.boolean(),
    /** The name the graph is served under. */
    graph: z.string(),
  })
  .meta({ id: "Session" });

export function addSessionRoute(app: App, { tokens, graphName }: ServerContext): void {
  app.get(
    "/api/v1/session",
    {
      schema: {
        ...{ tags: ["overview"], summary: "What this token or session may do", operationId: "getSession" },
        response: { 200: session, 401: problem },
      },
    },
    async ({ role = "read" }, reply) => {
      reply.header("cache-control", "no-store");
      return { role, login: tokens.length > 0, graph: graphName };
    },
  );
}
