// Ends a request whose body does not come: one that sends a byte now and then would hold its connection for ever.
import type { FastifyRequest } from "fastify";
import { HttpError } from "./problem.js";

/** How long a body may take, in ms. Routes that stream have rules of their own. */
const bodyTime = 30_000;

/** How long what is left of a body may take once the request is answered, in ms: time for a client to read the answer. */
const remainderTime = 2_000;

declare module "fastify" {
  interface FastifyContextConfig {
    /** True for a route that watches over its body itself. */
    readonly streamsBody?: boolean;
  }
}

/** Begins to watch a request that has a body: whoever reads it gets a 408 when `time` ms have passed. */
export function limitBodyTime({ raw, routeOptions }: FastifyRequest, time = bodyTime): void {
  if (routeOptions.config.streamsBody === true || raw.complete) return;
  const timer = setTimeout(() => {
    // One that nobody reads is let go; to destroy the other would take its answer away too.
    if (raw.listenerCount("error") === 0) raw.destroy();
    else raw.emit("error", tooSlow(time));
  }, time);
  // A request that was refused may never tell that it is over: that holds up no server that stops.
  timer.unref();
  for (const event of ["end", "close"]) raw.once(event, () => clearTimeout(timer));
}

function tooSlow(time: number): HttpError {
  return new HttpError(408, "INVALID_REQUEST", `the body did not come within ${time / 1_000} s`, {
    connection: "close",
  });
}

/** Ends a connection whose body still comes though nobody wants it any more, as of a request that was refused. */
export function endUnreadBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  const { socket } = raw;
  const timer = setTimeout(() => socket.destroy(), remainderTime);
  socket.once("close", () => clearTimeout(timer));
  raw.once("end", () => clearTimeout(timer));
}
