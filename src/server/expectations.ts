// Requests with `Expect: 100-continue` (RFC 9110, section 10.1.1): who asks first is told of a refusal before the body
// is sent.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { FastifyReply, FastifyRequest } from "fastify";
import type { App } from "./context.js";

/** Lets them be judged like all others. Node by itself would tell them to go on as soon as their heads have come. */
export function handleExpectContinue(app: App): void {
  app.server.on("checkContinue", (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit("request", request, response);
  });
  app.addHook("preParsing", async (request, reply) => {
    if (request.routeOptions.config.streamsBody !== true) askForBody(request, reply);
  });
}

/** Tells a client that waits for it to send the body. For routes that stream theirs; for the others it is done. */
export function askForBody({ raw, headers }: FastifyRequest, reply: FastifyReply): void {
  const expects = headers.expect?.toLowerCase() === "100-continue" && raw.httpVersion !== "1.0";
  if (expects) reply.raw.writeContinue();
}
