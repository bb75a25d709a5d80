// Refuses parameters of a query that a route does not know: a filter with a slip in its name would return everything.
import { z } from "zod";
import type { App } from "./context.js";

/** Where it holds. What monitors ask for takes any query, and Bull Board and the dashboard have queries of their own. */
const guarded = "/api/";

/** To be called before the routes are added. */
export function refuseUnknownParameters(app: App): void {
  app.addHook("onRoute", (route) => {
    if (!route.url.startsWith(guarded)) return;
    const known = route.schema?.querystring ?? z.object({});
    if (!(known instanceof z.ZodObject)) throw new Error(`the query of ${route.url} is not an object of zod`);
    const names = Object.keys(known.shape);
    const error: z.core.$ZodErrorMap = (issue) =>
      issue.code === "unrecognized_keys" ? unknownParameters(issue.keys, names) : undefined;
    route.schema = { ...route.schema, querystring: z.strictObject(known.shape, { error }) };
  });
}

function unknownParameters(keys: readonly string[], names: readonly string[]): string {
  const unknown = keys.map((key) => JSON.stringify(key)).join(", ");
  const known = names.length === 0 ? "it takes none" : `it takes ${names.join(", ")}`;
  return `${keys.length === 1 ? "there is no parameter" : "there are no parameters"} ${unknown}: ${known}`;
}
