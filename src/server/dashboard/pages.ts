// Serves the dashboard's app: one page under several paths, and its assets.
import fastifyStatic from "@fastify/static";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "../context.js";
import type { BuiltApp } from "./built-app.js";
import { pagePolicy } from "./content-policy.js";
import { firstRequests, type PagePath, pagePaths } from "./page-paths.js";

/** What Vite names by its content can be kept for ever. */
const namedByContent = /-[\w-]{8}\.\w+$/;

/** Adds them, in a scope of their own. */
export async function addPages(app: App, { directory, index }: BuiltApp): Promise<void> {
  for (const path of pagePaths) {
    app.get(
      path,
      { config: { access: "anyone" }, helmet: pagePolicy, schema: { hide: true }, onRequest: askToLogIn },
      async ({ url }, reply) => {
        if (url === path) preload(reply, path);
        return reply.header("cache-control", "no-store").type("text/html; charset=utf-8").send(index);
      },
    );
  }
  app.addHook("onRoute", (route) => {
    // The files are no secret, and the login page needs some of them.
    if (route.url.startsWith("/assets/")) route.config = { ...route.config, access: "anyone" };
  });
  await app.register(fastifyStatic, {
    root: directory,
    prefix: "/assets/",
    index: false,
    cacheControl: false,
    // The build has compressed them.
    preCompressed: true,
    setHeaders: (reply, path) =>
      reply.header(
        "cache-control",
        namedByContent.test(path) ? "public, max-age=31536000, immutable" : "no-cache",
      ),
  });
}

/** Has the browser ask for what the page needs first while it reads the app (HTML, 4.6.7.18: link type "preload"). */
function preload(reply: FastifyReply, path: PagePath): void {
  const first = firstRequests[path];
  if (first !== undefined) reply.header("link", `<${first}>; rel=preload; as=fetch; crossorigin`);
}

/** Sends a stranger who wants to see a page to the login; API paths answer 401 instead. */
export async function askToLogIn(request: FastifyRequest, reply: FastifyReply): Promise<void> {
  if (request.role !== undefined) return;
  await reply
    .header("cache-control", "no-store")
    .redirect(request.url === "/" ? "/login" : `/login?to=${encodeURIComponent(request.url)}`);
}
