// The dashboard: login, pages, Bull Board, and what of the API is there for them.
import { keyPrefix } from "../../jobs/index.js";
import { openGraphQueues } from "../../producer/index.js";
import { connectFailFast, openOutageLog } from "../../redis/index.js";
import type { App, ServerContext } from "../context.js";
import { readBuiltApp } from "./built-app.js";
import { addBullBoard } from "./bull-board.js";
import { addChildrenRoute } from "./children-route.js";
import { addLoginRoutes } from "./login.js";
import { addOverviewRoute } from "./overview.js";
import { addPages } from "./pages.js";
import { takeSamples } from "./samples.js";
import { addSessionRoute } from "./session-route.js";

export async function addDashboard(app: App, context: ServerContext): Promise<void> {
  const { redis, graphName } = context;
  const connection = connectFailFast(redis, keyPrefix(graphName));
  const queues = openGraphQueues(connection, graphName, undefined);
  const outages = context.logsOutages
    ? openOutageLog(connection.redis, redis, (line, level) => context.log(line, { level }))
    : undefined;
  app.addHook("onClose", async () => {
    outages?.close();
    connection.close();
    await queues.close();
  });
  app.addHook("onListen", async () => void takeSamples(context, connection));
  const built = readBuiltApp();
  addSessionRoute(app, context);
  addOverviewRoute(app, context, connection);
  addChildrenRoute(app, context.producer, queues, connection);
  await app.register(async (scope) => addLoginRoutes(scope as App, context, built));
  await app.register(async (scope) => addPages(scope as App, built));
  await app.register(async (scope) => addBullBoard(scope as App, queues, context), { prefix: "/queues" });
}
