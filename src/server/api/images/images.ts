// The images of the graph: a list, names, one image, and an image with its ancestors.
import { keepRecent, openImageCatalog, readNames } from "../../../listing/index.js";
import type { App, ServerContext } from "../../context.js";
import { addGraphRoute } from "../graph.js";
import { addSearchRoute } from "../search.js";
import { addFaultRoute } from "./fault.js";
import { addHistoryRoute } from "./history.js";
import { addImageRoute } from "./image.js";
import { addListRoute } from "./list.js";
import type { Listings } from "./listings.js";
import { addNamesRoute } from "./names.js";

/** `/api/v1/images`, what lies below one, `/api/v1/names` and `/api/v1/graph`. */
export function addImageRoutes(app: App, context: ServerContext): void {
  const { graph, signal, log } = context;
  let lastWarning = "";
  const warnOnce = (line: string) => {
    if (line !== lastWarning) log(line);
    lastWarning = line;
  };
  const catalogs = keepRecent(openImageCatalog(graph, signal));
  const listings: Listings = { catalogs, names: () => readNames(graph, warnOnce) };
  // The first count of a large graph takes seconds: it does not wait until somebody asks. Who asks is told why it fails.
  app.addHook("onListen", async () => {
    catalogs.now().catch(() => undefined);
  });
  addGraphRoute(app, context, catalogs.now, listings.names);
  addSearchRoute(app, context, catalogs.now, listings.names);
  addListRoute(app, context, listings);
  addImageRoute(app, context, listings);
  addHistoryRoute(app, context, listings);
  addFaultRoute(app, context);
  addNamesRoute(app, context);
}
