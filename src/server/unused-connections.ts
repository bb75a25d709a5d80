// Closes connections without any request, as browsers open them in advance. Node does not count them as idle
// (`closeIdleConnections`), so that they would hold up a server that stops.
import type { IncomingMessage, Server } from "node:http";
import type { Socket } from "node:net";

/** Tracks a server's connections. @returns a function that closes those without a request */
export function trackUnusedConnections(server: Server): () => void {
  const unused = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    unused.add(socket);
    socket.once("close", () => unused.delete(socket));
  });
  server.on("request", ({ socket }: IncomingMessage) => unused.delete(socket));
  return () => {
    for (const socket of unused) socket.destroy();
  };
}
