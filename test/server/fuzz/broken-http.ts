// Connections that do not speak HTTP as they should. Whatever comes back is no success, and the server goes on.
import { connect } from "node:net";

const endless = "x".repeat(100_000);

/** What is sent; each connection is left alone then. */
const texts: readonly string[] = [
  "\0\0\0\0",
  "GET\r\n\r\n",
  "GET / HTTP/9.9\r\n\r\n",
  "GET /healthz HTTP/1.1\r\n\r\n",
  "GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
  "GET http://[ HTTP/1.1\r\nHost: x\r\n\r\n",
  "GET /\u0000 HTTP/1.1\r\nHost: x\r\n\r\n",
  `GET /${endless} HTTP/1.1\r\nHost: x\r\n\r\n`,
  `GET / HTTP/1.1\r\nHost: x\r\nX: ${endless}\r\n\r\n`,
  "POST /api/v1/jobs/verify HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
  "POST /api/v1/jobs/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n{}",
  "POST /api/v1/jobs/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
  "POST /api/v1/jobs/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
  "POST /api/v1/jobs/verify HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n",
  "POST /api/v1/jobs/verify HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
];

/** Sends each of them. @returns what is wrong with the answers: nothing, or one line for each thing */
export async function brokenConnections(url: string): Promise<string[]> {
  const answers = await Promise.all(texts.map((text) => exchange(url, text)));
  return answers.flatMap((answer, at) => {
    const status = Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1] ?? 400);
    const sent = JSON.stringify(texts[at]?.slice(0, 100));
    return status >= 400 && status < 500
      ? []
      : [`${sent} was answered with ${status}: ${answer.slice(0, 500)}`];
  });
}

/** What comes back until the other side is done, or a second has passed. */
function exchange(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(text, "latin1"));
    socket.setTimeout(1_000, () => socket.destroy());
    socket.on("data", (chunk) => {
      answer += chunk.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(answer));
  });
}
