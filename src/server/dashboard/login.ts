// Login and logout: a token is exchanged for the cookie that a browser carries from then on.
import type { FastifyReply } from "fastify";
import { z } from "zod";
import { findToken, makeSession, sessionCookie, sessionTime } from "../auth/index.js";
import type { App, ServerContext } from "../context.js";
import { HttpError } from "../problem.js";
import type { BuiltApp } from "./built-app.js";
import { pagePolicy } from "./content-policy.js";
import { renderLoginPage } from "./html/index.js";
import { localPath } from "./local-path.js";

/** The most that the form may have, in bytes. */
const bodyLimit = 8 * 1024;
/** How many tokens may be tried in a minute from one address. */
const triesPerMinute = 10;

const form = z.object({ token: z.string().default(""), to: z.string().default("/") });
const query = z.object({ to: z.string().default("/") });

const page = { config: { access: "anyone" }, helmet: pagePolicy, schema: { hide: true } } as const;

/** Adds `/login` and `/logout`, in a scope of their own: forms are read nowhere else. */
export async function addLoginRoutes(
  app: App,
  { tokens }: ServerContext,
  { style }: BuiltApp,
): Promise<void> {
  app.addContentTypeParser(
    "application/x-www-form-urlencoded",
    { parseAs: "string", bodyLimit },
    (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(body.toString()))),
  );
  const show = (reply: FastifyReply, status: number, to: string, complaint?: string) =>
    reply
      .code(status)
      .header("cache-control", "no-store")
      .type("text/html; charset=utf-8")
      .send(renderLoginPage({ to, style, ...(complaint === undefined ? {} : { complaint }) }));

  app.get("/login", page, async (request, reply) => {
    const to = localPath(query.parse(request.query).to);
    return request.role === undefined ? show(reply, 200, to) : reply.redirect(to);
  });

  app.post(
    "/login",
    {
      ...page,
      config: { ...page.config, rateLimit: { max: triesPerMinute, timeWindow: "1 minute" } },
      bodyLimit,
      errorHandler: (error, _request, reply) => {
        const { status, message } = error as unknown as HttpError;
        if (!(error instanceof HttpError)) throw error;
        void show(reply.headers(error.headers), status, "/", message);
      },
    },
    async (request, reply) => {
      const { token: presented, to } = form.parse(request.body ?? {});
      const token = findToken(tokens, presented.trim());
      if (token === undefined && tokens.length > 0) {
        return show(reply, 401, localPath(to), "This token is not known here.");
      }
      if (token !== undefined) {
        reply.setCookie(sessionCookie, makeSession(token), {
          ...{ path: "/", httpOnly: true, sameSite: "strict", maxAge: sessionTime / 1_000 },
          secure: request.protocol === "https",
        });
      }
      return reply.redirect(localPath(to), 303);
    },
  );

  app.post("/logout", page, async (_request, reply) => {
    reply.clearCookie(sessionCookie, { path: "/" });
    return reply.redirect("/login", 303);
  });
}
