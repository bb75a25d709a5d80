// A receiver of callbacks on the loopback interface, which keeps what it gets.
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { vi } from "vitest";

export interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** The body as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by name, and fail where the name is not there
  readonly json: any;
}

export interface Receiver extends AsyncDisposable {
  /** `localhost:PORT` */
  readonly host: string;
  readonly url: string;
  readonly received: readonly Received[];
  /** Resolves with what has come once it is that much. */
  until(count: number): Promise<readonly Received[]>;
}

/** @param answer is given the number of the request, from 1 on. Default: 204 */
export async function startReceiver(
  answer: (response: ServerResponse, number: number) => void = (response) => response.writeHead(204).end(),
  port = 0,
): Promise<Receiver> {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const { method, url: path, headers } = request;
    received.push({ method, path, headers, body, json: JSON.parse(body) });
    answer(response, received.length);
  }).listen(port, "127.0.0.1");
  await once(server, "listening");
  const host = `localhost:${(server.address() as { readonly port: number }).port}`;
  return {
    host,
    url: `http://${host}`,
    received,
    until: (count) =>
      vi.waitFor(
        () => {
          if (received.length < count) throw new Error(`${received.length} of ${count} came`);
          return received;
        },
        { timeout: 30_000, interval: 20 },
      ),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
