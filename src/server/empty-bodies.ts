// Takes requests that name the type of a body which they do not have, as many clients do for DELETE.
import type { App } from "./context.js";

/** A route that takes no body ignores the `Content-Type` of none. To be called before the routes are added. */
export function ignoreTypeOfNoBody(app: App): void {
  app.addHook("onRequest", async ({ headers, routeOptions }) => {
    const { schema, config } = routeOptions;
    const isEmpty = headers["transfer-encoding"] === undefined && (headers["content-length"] ?? "0") === "0";
    if (isEmpty && schema?.body === undefined && config.streamsBody !== true) delete headers["content-type"];
  });
}
