// What a browser is shown instead of a problem document: the login for a stranger, and for what is not there a page with the
// way back.
import type { FastifyReply, FastifyRequest } from "fastify";
import { HttpError } from "../problem.js";
import { type BuiltApp, readBuiltApp } from "./built-app.js";
import { escapeHtml, headerAssets, renderHeader } from "./html/index.js";
import { askToLogIn } from "./pages.js";

/** Makes what answers a browser; it returns undefined for what is answered as to any client. */
export function openErrorPages(): (
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
) => FastifyReply | undefined {
  const built = readBuiltApp();
  return (error, request, reply) => {
    if (!(error instanceof HttpError) || !wantsPage(request)) return undefined;
    if (error.status === 401) {
      void askToLogIn(request, reply);
      return reply;
    }
    if (error.status !== 404) return undefined;
    return reply
      .code(404)
      .headers({ "cache-control": "no-store", vary: "accept" })
      .type("text/html; charset=utf-8")
      .serializer(String)
      .send(renderNotFound(request.url.split("?", 1)[0] ?? "", built));
  };
}

/** True if a person asks with a browser, and not for data. */
function wantsPage({ method, url, headers: { accept = "" } }: FastifyRequest): boolean {
  const isOfApi = url.startsWith("/api/") && !url.startsWith("/api/docs");
  return (method === "GET" || method === "HEAD") && !isOfApi && accept.includes("text/html");
}

function renderNotFound(path: string, { style }: BuiltApp): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>Not found · Stevedore</title>
    <link rel="icon" href="/assets/favicon.svg" type="image/svg+xml">
    ${style === undefined ? "" : `<link rel="stylesheet" href="${escapeHtml(style)}">`}
    ${headerAssets}
  </head>
  <body>
    ${renderHeader()}
    <main>
      <h1>Not found</h1>
      <p>There is nothing at <code>${escapeHtml(path)}</code>.</p>
      <p>Go to the <a href="/">overview</a>, the <a href="/graph">graph</a> or the <a href="/jobs">jobs</a>.</p>
    </main>
  </body>
</html>
`;
}
