// Answers a connection whose bytes are not a valid HTTP request, which never comes to a route.
import { STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import { type Problem, problemType } from "./problem.js";

/** Answers with a problem document, as all else does, and ends the connection. */
export function refuseConnection(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  if (!socket.writable) return void socket.destroy();
  const [status, detail] = describe(error.code);
  const title = STATUS_CODES[status] ?? "";
  const document: Problem = {
    type: "about:blank",
    title,
    status,
    detail,
    code: "INVALID_REQUEST",
    instance: "",
  };
  const body = JSON.stringify(document);
  socket.end(
    [
      `HTTP/1.1 ${status} ${title}`,
      ...["Connection: close", `Content-Type: ${problemType}`, `Content-Length: ${Buffer.byteLength(body)}`],
      ...["", body],
    ].join("\r\n"),
    () => socket.destroy(),
  );
}

/** Status and detail for an error code of Node's HTTP parser. */
function describe(code: string | undefined): readonly [number, string] {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") return [408, "the request did not come in time"];
  if (code === "HPE_HEADER_OVERFLOW") return [431, "path and headers are larger than allowed"];
  return [400, "this is not a valid HTTP request"];
}
