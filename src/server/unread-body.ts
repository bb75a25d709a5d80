// Bodies that nobody wants: a client that asks first is told before it sends, one that sends all the same is not
// listened to for long.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "./context.js";

/** How long a body is still taken off the wire once its request was answered, in ms: so long the answer may take. */
const lingerTime = 2_000;

/** Lets requests with `Expect: 100-continue` (RFC 9110, section 10.1.1) be judged before they are told to go on. */
export function heedExpectations(app: App): void {
  app.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    app.routing(request, response);
  });
  app.addHook("preParsing", async (request, reply) => {
    if (request.routeOptions.config.streamsBody !== true) askForBody(request, reply);
  });
  app.addHook("onResponse", async ({ raw }) => {
    if (raw.complete || raw.socket.destroyed) return;
    const { socket } = raw;
    const timer = setTimeout(() => socket.destroy(), lingerTime);
    const settle = () => clearTimeout(timer);
    raw.once("end", settle);
    socket.once("close", settle);
    raw.resume();
  });
}

/** Tells a client that waits for it to send the body. For routes that stream theirs; for the others it is done. */
export function askForBody({ raw, headers }: FastifyRequest, reply: FastifyReply): void {
  const expects = headers.expect?.toLowerCase() === "100-continue" && raw.httpVersion !== "1.0";
  if (expects) reply.raw.writeContinue();
}
