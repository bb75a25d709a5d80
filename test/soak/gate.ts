// A web server whose answers can be held back: a store job that reads from it is at work for as long as is wanted.
import { once } from "node:events";
import { createReadStream } from "node:fs";
import { createServer, type ServerResponse } from "node:http";
import { basename, join } from "node:path";

export interface Gate extends AsyncDisposable {
  /** `host:port`. */
  readonly host: string;
  /** The URL of a file in the directory, answered at once. */
  urlOf(path: string): string;
  /** A URL of that file which is not answered before it is told to. */
  hold(path: string): HeldSource;
}

export interface HeldSource {
  readonly url: string;
  /** Resolves when it is asked for. */
  readonly asked: Promise<void>;
  answer(): void;
}

/** Serves the files of a directory. */
export async function openGate(directory: string): Promise<Gate> {
  const held = new Map<string, (response: ServerResponse) => void>();
  const server = createServer((request, response) => {
    // A connection that is kept for later would be one more descriptor of the worker's, or not.
    response.setHeader("connection", "close");
    const { pathname } = new URL(request.url ?? "/", "http://gate");
    const take = held.get(pathname);
    held.delete(pathname);
    if (take === undefined) send(response, pathname);
    else take(response);
  });
  const send = (response: ServerResponse, name: string) => {
    const stream = createReadStream(join(directory, basename(name)));
    stream.on("error", () => response.destroy());
    // Whoever gave up meanwhile reads no more.
    response.on("close", () => stream.destroy());
    stream.pipe(response);
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const host = `127.0.0.1:${port}`;
  const urlOf = (path: string) => `http://${host}/${basename(path)}`;
  let count = 0;
  return {
    host,
    urlOf,
    hold(path) {
      const name = `/held/${count++}/${basename(path)}`;
      let answer = () => {};
      const asked = new Promise<void>((resolve) => {
        held.set(name, (response) => {
          answer = () => send(response, name);
          resolve();
        });
      });
      return { url: `http://${host}${name}`, asked, answer: () => answer() };
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
