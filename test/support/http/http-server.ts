// The HTTP server on a graph of its own, with a worker unless a test does without: what the tests of the server work with.
import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync } from "node:fs";
import { join } from "node:path";
import { openProducer } from "../../../src/producer/index.js";
import { type ServerOptions, startServer } from "../../../src/server/index.js";
import type { WorkerOptions } from "../../../src/worker/index.js";
import type { Dock, ServedGraph } from "../dock.js";

/** What came back. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON of the body, or its text where it is none. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by name, and fail where the name is not there
  readonly body: any;
}

/** What is asked, besides the path. */
export interface Question {
  readonly method?: string;
  /** Sent as JSON; a string or a buffer as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpService extends Omit<ServedGraph, "worker"> {
  /** `http://127.0.0.1:PORT`. */
  readonly url: string;
  /** Asks for a path; with a body the method is POST unless it is named. */
  ask(path: string, question?: Question): Promise<Answer>;
}

/** How it is to be. */
export interface ServiceOptions {
  readonly server?: Partial<ServerOptions>;
  /** False for none. */
  readonly worker?: Partial<WorkerOptions> | false;
}

/** Runs a server, and a worker, on a fresh root and queue of the dock for as long as `use` takes. */
export async function servingHttp(
  dock: Dock,
  use: (service: HttpService) => Promise<void>,
  { server: options = {}, worker = {} }: ServiceOptions = {},
): Promise<void> {
  const serve = async ({ producer, root, graphName }: Omit<ServedGraph, "worker">) => {
    const server = await startServer({ redis: dock.redis, graph: graphName, root, ...options });
    const { url } = server;
    try {
      await use({ producer, root, graphName, url, ask: (path, question) => ask(url, path, question) });
    } finally {
      await server.close();
    }
  };
  if (worker !== false) return dock.serving(serve, worker);
  const root = mkdtempSync(join(dock.scratch, "root-"));
  mkdirSync(join(root, "graph"));
  const graphName = `g-${randomUUID()}`;
  const producer = openProducer({ redis: dock.redis, graph: graphName });
  try {
    await serve({ producer, root, graphName });
  } finally {
    await producer.close();
  }
}

/** Asks a server for a path and reads the whole answer. */
export async function ask(
  url: string,
  path: string,
  { body, headers = {}, method = body === undefined ? "GET" : "POST" }: Question = {},
): Promise<Answer> {
  const isRaw = typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(`${url}${path}`, {
    method,
    ...(body === undefined ? {} : { body: isRaw ? (body as string) : JSON.stringify(body) }),
    headers: { ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
