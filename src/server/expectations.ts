// Requests with `Expect: 100-continue` (RFC 9110, section 10.1.1): a client that asks first hears of a refusal before it
// sends the body.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "./context.js";

/** Handles them like all other requests. Node by itself would tell the client to go on as soon as the head has come. */
export function handleExpectContinue(app: App): void {
  app.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit("request", request, response);
  });
  app.addHook("preParsing", async (request, reply) => {
    if (request.routeOptions.config.streamsBody !== true) askForBody(request, reply);
  });
}

/** Tells a waiting client to send its body. To be called by routes that stream their bodies; for the others it is done. */
export function askForBody({ raw, headers }: FastifyRequest, reply: FastifyReply): void {
  const expects = headers.expect?.toLowerCase() === "100-continue" && raw.httpVersion !== "1.0";
  if (expects) reply.raw.writeContinue();
}
