// A network and a server at their worst, before a real registry: an HTTP proxy that cuts, forges, misleads, refuses and falls
// silent, as a plan says.
import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, createServer as createTcpServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import type { SeededRandom } from "../seeded-random.js";

/** What can be done to a request. */
export const faultKinds = [
  // The connection ends at any byte of the answer, or of the request, or with the request done and not answered.
  ...["cut answer", "cut request", "cut after"],
  ...["429", "429 for a day", "500", "502", "503", "503 for a moment"],
  ...["flipped byte", "shorter length", "longer length"],
  ...["redirect to metadata", "redirect elsewhere", "redirect to storage"],
  ...["silence", "silence midway"],
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** Chooses what is done to a request, such as `GET`, `/v2/a/blobs/sha256:…`; undefined for nothing. */
export type FaultPlan = (method: string, path: string) => FaultKind | undefined;

export interface FaultProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT`, as references name it. */
  readonly host: string;
  /** A host to which blobs may be redirected, and which must be allowed. */
  readonly storageHost: string;
  /** From now on. Without one requests pass. */
  plan: FaultPlan | undefined;
  /** How many ms pass before each 16 KiB of a body, in both directions. */
  pace: number;
  /** The faults since the last call. */
  faults(): FaultKind[];
  /** What must not have been: connections to a host that nobody may ask, credentials on their way to another host. */
  readonly strays: string[];
}

interface Answer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: Buffer;
}

const piece = 16 * 1024;

/**
 * Starts one.
 * @param upstream the registry: `127.0.0.1:PORT`, by plain HTTP
 * @param authorization what the storage host says of itself to the registry
 */
export async function startFaultProxy(
  upstream: { readonly host: string },
  random: SeededRandom,
  authorization?: string,
): Promise<FaultProxy> {
  const strays: string[] = [];
  let done: FaultKind[] = [];
  const elsewhere = createTcpServer((socket) => {
    strays.push("a connection to a host that is not allowed");
    socket.destroy();
  });
  const storage = createServer((request, response) => {
    if (request.headers.authorization !== undefined)
      strays.push("credentials sent to the host of a redirect");
    const { authorization: _, ...headers } = request.headers;
    const own = { ...headers, ...(authorization === undefined ? {} : { authorization }) };
    forward(upstream.host, request, own, Buffer.alloc(0)).then(
      (answer) => reply(response, answer, 0),
      () => response.destroy(),
    );
  });
  const server = createServer((request, response) => {
    serve(request, response).catch(() => request.socket.destroy());
  });
  for (const each of [server, storage]) each.on("clientError", () => undefined);
  const [host, storageHost, otherHost] = (await Promise.all([server, storage, elsewhere].map(listen))) as [
    string,
    string,
    string,
  ];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", url = "/", socket } = request;
    const kind = proxy.plan?.(method, url);
    const tell = () => {
      if (kind !== undefined) done.push(kind);
    };
    if (kind === "cut request") {
      tell();
      return await cutRequest(request);
    }
    const body = await readBody(request, proxy.pace);
    const instead = kind === undefined ? undefined : answerOf(kind, method);
    if (instead !== undefined) {
      tell();
      return await reply(response, instead, 0);
    }
    if (kind === "silence") return tell();
    const answer = await forward(upstream.host, request, request.headers, body);
    if (kind === "cut after") {
      tell();
      socket.destroy();
      return;
    }
    if (
      kind === "redirect to storage" &&
      method === "GET" &&
      answer.status === 200 &&
      url.includes("/blobs/")
    ) {
      tell();
      const location = `http://${storageHost}${url}`;
      return await reply(
        response,
        { status: 307, headers: [["location", location]], body: Buffer.alloc(0) },
        0,
      );
    }
    const isHead = method === "HEAD";
    const spoilt = kind === undefined ? undefined : spoil(kind, answer, isHead);
    if (spoilt === undefined) return await reply(response, answer, proxy.pace, isHead);
    tell();
    // Node would not write any of that: it goes to the socket as it is.
    socket.write(spoilt);
    if (kind !== "silence midway") socket.destroySoon();
  }

  async function cutRequest(request: IncomingMessage): Promise<void> {
    const length = Number(request.headers["content-length"] ?? 0);
    const most = random.between(0, length);
    const chunks: Buffer[] = [];
    let size = 0;
    if (most > 0) {
      for await (const chunk of request.iterator({ destroyOnReturn: false })) {
        chunks.push(chunk as Buffer);
        size += chunk.length;
        if (size >= most) break;
      }
    }
    request.socket.destroy();
    if (length === 0 || random.chance(0.3)) return;
    // What had come before the cut has reached the registry.
    const { method, url: path } = request;
    const [hostname, port] = upstream.host.split(":");
    const half = httpRequest({ hostname, port, method, path, headers: request.headers, agent: false });
    half.on("error", () => undefined);
    half.write(Buffer.concat(chunks).subarray(0, most), () => half.destroy());
  }

  /** What is answered in place of the registry. */
  function answerOf(kind: FaultKind, method: string): Answer | undefined {
    const plain = (status: number, ...headers: [string, string][]): Answer => {
      const text = method === "HEAD" ? "" : '{"errors":[{"code":"UNKNOWN","message":"by the proxy"}]}';
      return { status, headers, body: Buffer.from(text) };
    };
    switch (kind) {
      case "429":
        return plain(429, ["retry-after", random.pick(["0", "1", new Date().toUTCString()])]);
      case "429 for a day":
        return plain(429, ["retry-after", "86400"]);
      case "500":
      case "502":
      case "503":
        return plain(Number(kind));
      case "503 for a moment":
        return plain(503, ["retry-after", "1"]);
      case "redirect to metadata":
        return plain(307, ["location", "http://169.254.169.254/latest/meta-data/"]);
      case "redirect elsewhere":
        return plain(random.pick([301, 302, 303, 307, 308]), ["location", `http://${otherHost}/`]);
      default:
        return undefined;
    }
  }

  /** The bytes of an answer that is cut, forged or held back; undefined if there is nothing of it to be spoilt. */
  function spoil(kind: FaultKind, answer: Answer, isHead: boolean): Buffer | undefined {
    const body = isHead ? Buffer.alloc(0) : answer.body;
    if (kind === "cut answer") {
      const raw = rawAnswer(answer, body, isHead);
      return raw.subarray(0, random.between(0, raw.length - 1));
    }
    if (kind === "silence midway") {
      const raw = rawAnswer(answer, body, isHead);
      return body.length === 0 ? undefined : raw.subarray(0, raw.length - random.between(1, body.length));
    }
    if (body.length === 0) return undefined;
    if (kind === "flipped byte") {
      const flipped = Buffer.from(body);
      const at = random.between(0, body.length - 1);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << random.between(0, 7));
      return rawAnswer(answer, flipped, isHead);
    }
    if (kind === "shorter length") return rawAnswer(answer, body, isHead, -random.between(1, body.length));
    if (kind === "longer length") return rawAnswer(answer, body, isHead, random.between(1, 10_000));
    return undefined;
  }

  const proxy: FaultProxy = {
    host,
    storageHost,
    plan: undefined,
    pace: 0,
    strays,
    faults() {
      const before = done;
      done = [];
      return before;
    },
    async [Symbol.asyncDispose]() {
      for (const each of [server, storage]) {
        each.close();
        each.closeAllConnections();
      }
      elsewhere.close();
    },
  };
  return proxy;
}

async function listen(server: ReturnType<typeof createTcpServer>): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function readBody(request: IncomingMessage, pace: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
    if (pace > 0) await sleep((pace * (chunk as Buffer).length) / piece);
  }
  return Buffer.concat(chunks);
}

/** Asks the registry the same, and reads the whole of its answer. */
async function forward(
  upstream: string,
  { method, url: path }: IncomingMessage,
  headers: IncomingMessage["headers"],
  body: Buffer,
): Promise<Answer> {
  const [hostname, port] = upstream.split(":");
  const pending = httpRequest({ hostname, port, method, path, headers, agent: false });
  pending.end(body);
  const [answer] = (await once(pending, "response")) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of answer) chunks.push(chunk as Buffer);
  const hop = ["connection", "transfer-encoding", "keep-alive"];
  const pairs = answer.rawHeaders.flatMap((name, at, all): [string, string][] =>
    at % 2 === 0 && !hop.includes(name.toLowerCase()) ? [[name, all[at + 1] ?? ""]] : [],
  );
  return { status: answer.statusCode ?? 502, headers: pairs, body: Buffer.concat(chunks) };
}

async function reply(response: ServerResponse, answer: Answer, pace: number, isHead = false): Promise<void> {
  const { status, headers, body } = answer;
  const isSized = isHead || headers.some(([name]) => name.toLowerCase() === "content-length");
  const length: [string, string][] = isSized ? [] : [["content-length", String(body.length)]];
  response.writeHead(status, [...headers, ...length].flat());
  if (pace > 0) {
    for (let at = 0; at < body.length && !response.destroyed; at += piece) {
      await sleep(pace);
      response.write(body.subarray(at, at + piece));
    }
    response.end();
  } else response.end(body);
}

/** An answer as it goes over the wire. @param by how much its length is made to lie */
function rawAnswer({ status, headers }: Answer, body: Buffer, isHead: boolean, by = 0): Buffer {
  const kept = headers.filter(([name]) => isHead || name.toLowerCase() !== "content-length");
  const length = isHead ? [] : [["content-length", String(body.length + by)]];
  const lines = [...kept, ...length, ["connection", "close"]].map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Forged\r\n${lines.join("")}\r\n`, "latin1"), body]);
}
