// Ends a request whose body does not come: a client that sends a byte now and then would hold its connection for ever.
import type { FastifyRequest } from "fastify";
import { HttpError } from "./problem.js";

/** How long a body may take, in ms. Routes that stream have rules of their own. */
const bodyTime = 30_000;

/** How long the rest of a body may take once the request is answered, in ms: time for the client to read the answer. */
const remainderTime = 2_000;

declare module "fastify" {
  interface FastifyContextConfig {
    /** True for a route that watches over its body itself. */
    readonly streamsBody?: boolean;
  }
}

/** Limits the time of a request's body: when `time` ms have passed, whoever reads it gets a 408. */
export function limitBodyTime({ raw, routeOptions }: FastifyRequest, time = bodyTime): void {
  if (routeOptions.config.streamsBody === true || raw.complete) return;
  const timer = setTimeout(() => {
    // A body that nobody reads is destroyed. To destroy one that is read would take the answer away too.
    if (raw.listenerCount("error") === 0) raw.destroy();
    else raw.emit("error", tooSlow(time));
  }, time);
  // A refused request may never end, and must not hold up a server that stops.
  timer.unref();
  for (const event of ["end", "close"]) raw.once(event, () => clearTimeout(timer));
}

function tooSlow(time: number): HttpError {
  return new HttpError(408, "INVALID_REQUEST", `the body did not come within ${time / 1_000} s`, {
    connection: "close",
  });
}

/** Ends the connection of a request that is answered, as by a refusal, while its body still comes. */
export function endUnreadBody({ raw }: FastifyRequest): void {
  if (raw.complete || raw.destroyed) return;
  const { socket } = raw;
  const timer = setTimeout(() => socket.destroy(), remainderTime);
  const stop = () => {
    clearTimeout(timer);
    // A connection that is kept alive serves many requests: none may leave a listener on it.
    socket.off("close", stop);
    raw.off("end", stop);
  };
  socket.once("close", stop);
  raw.once("end", stop);
}
