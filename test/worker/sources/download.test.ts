// Downloads from real servers that break, lie, dribble and lead elsewhere.
import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import {
  createServer,
  get,
  type IncomingMessage,
  type RequestListener,
  type ServerResponse,
} from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Server } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { parseAllowedHost } from "../../../src/outbound/allowed-hosts.js";
import { defaultLimits } from "../../../src/worker/limits.js";
import { openUrl, type UrlPolicy } from "../../../src/worker/sources/url-source.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const whole = randomBytes(3_000_000);
const cutAt = 1_000_000;
const sha256 = createHash("sha256").update(whole).digest("hex");
const etag = '"v1"';

const open: UrlPolicy = {
  allowedHosts: ["127.0.0.1", "127.0.0.2", "localhost"].map(parseAllowedHost),
  allowPrivateAddresses: true,
  limits: defaultLimits,
};
const limited = (limits: Partial<UrlPolicy["limits"]>): UrlPolicy => ({
  ...open,
  limits: { ...defaultLimits, ...limits },
});

/** Runs `use` with the URL of a server. */
async function listening<T>(
  server: Server & { closeAllConnections?(): void },
  use: (port: number) => Promise<T>,
) {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    return await use((server.address() as { port: number }).port);
  } finally {
    server.close();
    server.closeAllConnections?.();
  }
}
const serving = <T>(answer: RequestListener, use: (url: string) => Promise<T>) =>
  listening(createServer(answer), (port) => use(`http://127.0.0.1:${port}`));

interface Asked {
  readonly url: string;
  readonly sha256?: string;
}

async function download(
  asked: Asked,
  policy = open,
  signal = new AbortController().signal,
): Promise<"whole" | "other"> {
  await using source = await openUrl(asked, policy, signal);
  const chunks: Buffer[] = [];
  for await (const chunk of source.stream) chunks.push(chunk as Buffer);
  await source.finish();
  return Buffer.concat(chunks).equals(whole) ? "whole" : "other";
}

/** Sends the head of the file and cuts the connection once that has left. */
function cut(response: ServerResponse, headers: Record<string, string>, from = 0, to = cutAt): void {
  response.writeHead(200, { "content-length": whole.length, ...headers });
  response.write(whole.subarray(from, to), () => setImmediate(() => response.destroy()));
}

/** Answers the first request by the head of the file, and the next ones by `rest`. */
async function broken(
  headers: Record<string, string>,
  rest: (request: IncomingMessage, response: ServerResponse) => void,
  policy = open,
) {
  const requests: IncomingMessage["headers"][] = [];
  const answer: RequestListener = (request, response) => {
    requests.push(request.headers);
    if (requests.length === 1) cut(response, headers);
    else rest(request, response);
  };
  const outcome = await serving(answer, (url) =>
    download({ url, sha256 }, policy).catch((error: unknown) => error),
  );
  return { outcome, requests };
}

/** The rest that was asked for, as it should be. */
function sendRest({ headers }: IncomingMessage, response: ServerResponse) {
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1]);
  const range = `bytes ${start}-${whole.length - 1}/${whole.length}`;
  const isByTag = headers["if-range"] === etag;
  response.writeHead(206, { "content-range": range, ...(isByTag ? { etag } : {}) });
  response.end(whole.subarray(start));
}

const longAgo = { "last-modified": "Thu, 02 May 2013 15:18:33 GMT" };

describe("a download that breaks", () => {
  it.each([
    ["a strong ETag", { etag }, etag],
    ["a time of modification long before", longAgo, longAgo["last-modified"]],
    ["a strong ETag before a time", { etag, ...longAgo }, etag],
  ])("goes on where it broke by %s", async (_, headers, mark) => {
    const { outcome, requests } = await broken(headers, sendRest);
    expect(outcome).toBe("whole");
    expect(requests).toHaveLength(2);
    expect(requests[0]).not.toHaveProperty("range");
    expect(requests[1]).toMatchObject({
      range: expect.stringMatching(/^bytes=\d+-$/),
      "if-range": mark,
      "accept-encoding": "identity",
    });
  });

  it("goes on as often as it may, also past a server that fails meanwhile", async () => {
    let failed = false;
    const { outcome, requests } = await broken({ etag }, (request, response) => {
      const start = Number(request.headers.range?.slice(6, -1));
      if (!failed) {
        failed = true;
        response.writeHead(503).end();
      } else if (start < 2_000_000) {
        const range = `bytes ${start}-${whole.length - 1}/${whole.length}`;
        response.writeHead(206, { etag, "content-range": range, "content-length": whole.length - start });
        response.write(whole.subarray(start, start + 700_000), () => setImmediate(() => response.destroy()));
      } else sendRest(request, response);
    });
    expect(outcome).toBe("whole");
    expect(requests.length).toBeGreaterThan(3);
  });

  it("goes on where the server did not say how much there is", async () => {
    let requests = 0;
    const answer: RequestListener = (request, response) => {
      if (requests++ > 0) return sendRest(request, response);
      response.writeHead(200, { etag });
      response.write(whole.subarray(0, cutAt), () => setImmediate(() => response.destroy()));
    };
    expect(await serving(answer, (url) => download({ url, sha256 }))).toBe("whole");
  });

  it("is given up after so many times, to be tried again from its beginning", async () => {
    const policy = limited({ downloadResumes: 2 });
    const { outcome, requests } = await broken({ etag }, (_, response) => response.destroy(), policy);
    expect(outcome).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("was cut") });
    expect(requests).toHaveLength(3);
  });

  it.each<[string, Record<string, string>]>([
    ["nothing", {}],
    ["a weak ETag", { etag: 'W/"v1"', ...longAgo }],
    ["a time of modification just before", { "last-modified": new Date().toUTCString() }],
    ["a strong ETag, but takes no ranges", { etag, "accept-ranges": "none" }],
  ])("does not go on by %s", async (_, headers) => {
    const { outcome, requests } = await broken(headers, sendRest);
    expect(outcome).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("was cut") });
    expect(requests).toHaveLength(1);
  });

  const range = `bytes ${cutAt}-${whole.length - 1}/${whole.length}`;
  it.each([
    ["the whole again", 200, {}],
    ["the rest of another version", 206, { "content-range": range, etag: '"v2"' }],
    ["another part", 206, { "content-range": `bytes 0-${whole.length - 1}/${whole.length}` }],
    ["less than the rest", 206, { "content-range": `bytes ${cutAt}-2000000/${whole.length}` }],
    ["the rest of a longer file", 206, { "content-range": `bytes ${cutAt}-3000000/3000001` }],
    ["a part of what it does not know the size of", 206, { "content-range": `bytes ${cutAt}-2999999/*` }],
    ["several parts", 206, { "content-type": "multipart/byteranges; boundary=x" }],
  ])("is tried again from its beginning if the server sends %s", async (_, status, headers) => {
    const { outcome, requests } = await broken({ etag }, (_request, response) => {
      response.writeHead(status, headers).end(whole.subarray(cutAt));
    });
    expect(outcome).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("has no rest") });
    expect(requests).toHaveLength(2);
  });

  it("fails for good if the file has gone meanwhile", async () => {
    const { outcome } = await broken({ etag }, (_, response) => response.writeHead(404).end());
    expect(outcome).toMatchObject({ code: "SOURCE_NOT_FOUND" });
  });

  it("can be cancelled while it waits to go on", async () => {
    const controller = new AbortController();
    const answer: RequestListener = (_, response) => {
      response.on("close", () => controller.abort());
      cut(response, { etag });
    };
    await serving(answer, async (url) => {
      await expect(download({ url }, open, controller.signal)).rejects.toMatchObject({ code: "CANCELLED" });
    });
  });
});

describe("a server that takes its time", () => {
  it("is given up when it does not answer", () =>
    serving(
      () => undefined,
      async (url) => {
        const policy = limited({ downloadSilenceMs: 200 });
        const silent = {
          code: "INTERNAL",
          message: expect.stringMatching(/silent for 0\.2 s.*--download-silence/),
        };
        await expect(download({ url }, policy)).rejects.toMatchObject(silent);
      },
    ));

  it("is given up when it falls silent on the way", () => {
    const answer: RequestListener = (_, response) => response.writeHead(200).write("x");
    return serving(answer, async (url) => {
      const policy = limited({ downloadSilenceMs: 200 });
      await expect(download({ url }, policy)).rejects.toMatchObject({ code: "INTERNAL" });
    });
  });

  it("is asked for the rest when it falls silent on the way, if it can go on", async () => {
    let requests = 0;
    const answer: RequestListener = (request, response) => {
      if (requests++ > 0) return sendRest(request, response);
      response.writeHead(200, { etag, "content-length": whole.length }).write(whole.subarray(0, cutAt));
    };
    const policy = limited({ downloadSilenceMs: 300 });
    expect(await serving(answer, (url) => download({ url, sha256 }, policy))).toBe("whole");
  });

  it("is given up for good when it never falls silent and never comes to an end", () => {
    const answer: RequestListener = (_, response) => {
      response.writeHead(200, { etag });
      const dribble = setInterval(() => response.write("x"), 20);
      response.on("close", () => clearInterval(dribble));
    };
    return serving(answer, async (url) => {
      const late = {
        code: "LIMIT_EXCEEDED",
        message: expect.stringMatching(/more than 0\.5 s: --download-time/),
      };
      await expect(download({ url }, limited({ downloadMs: 500 }))).rejects.toMatchObject(late);
    });
  });

  it("is given up when it dribbles even its headers", () =>
    listening(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        socket.write("HTTP/1.1 200 OK\r\nx-y: ");
        const dribble = setInterval(() => socket.write("z"), 20);
        socket.on("close", () => clearInterval(dribble));
      }),
      async (port) => {
        const policy = limited({ downloadSilenceMs: 300 });
        const refused = download({ url: `http://127.0.0.1:${port}` }, policy);
        await expect(refused).rejects.toMatchObject({ code: "INTERNAL" });
      },
    ));

  it("may take longer than any timer", () =>
    serving(
      (_, response) => response.writeHead(200).end(whole),
      async (url) => {
        const endless = { downloadMs: Number.MAX_SAFE_INTEGER, downloadSilenceMs: Number.MAX_SAFE_INTEGER };
        expect(await download({ url, sha256 }, limited(endless))).toBe("whole");
      },
    ));

  it("is not blamed for a reader that takes its time", () =>
    serving(
      (_, response) => response.writeHead(200).end(whole),
      async (url) => {
        const policy = limited({ downloadSilenceMs: 400, downloadMs: 800 });
        await using source = await openUrl({ url, sha256 }, policy, new AbortController().signal);
        let bytes = 0;
        for await (const chunk of source.stream) {
          if (bytes === 0) await sleep(1_500);
          bytes += chunk.length;
        }
        await source.finish();
        expect(bytes).toBe(whole.length);
      },
    ));
});

describe("a server that does not tell the truth", () => {
  it("of a length that is too large fails, to be tried again", () =>
    serving(
      (_, response) => {
        response.writeHead(200, { "content-length": whole.length + 1, connection: "close" });
        response.write(whole, () => setImmediate(() => response.destroy()));
      },
      async (url) => {
        const tooShort = { code: "INTERNAL", message: expect.stringContaining("was cut") };
        await expect(download({ url })).rejects.toMatchObject(tooShort);
      },
    ));

  it("of a length that is too small is found out by the sha256", () =>
    listening(
      createTcpServer((socket) => {
        socket.on("error", () => undefined);
        const head = `HTTP/1.1 200 OK\r\ncontent-length: ${whole.length - 1}\r\n\r\n`;
        socket.once("data", () => socket.end(Buffer.concat([Buffer.from(head), whole])));
      }),
      async (port) => {
        const short = download({ url: `http://127.0.0.1:${port}/`, sha256 });
        await expect(short).rejects.toMatchObject({ code: "SOURCE_MISMATCH" });
      },
    ));

  it.each([
    ["content-encoding", "gzip"],
    ["content-encoding", "br"],
    ["content-encoding", "gzip, identity"],
    ["transfer-encoding", "gzip, chunked"],
  ])("of the bytes, which it sends encoded, is refused: %s: %s", (name, value) =>
    serving(
      (_, response) => response.writeHead(200, { [name]: value }).end(whole),
      async (url) => {
        const encoded = { code: "SOURCE_MISMATCH", message: expect.stringContaining("encoded") };
        await expect(download({ url })).rejects.toMatchObject(encoded);
      },
    ),
  );

  it("may say that it sends them plainly", () =>
    serving(
      (_, response) => response.writeHead(200, { "content-encoding": "identity" }).end(whole),
      async (url) => expect(await download({ url, sha256 })).toBe("whole"),
    ));

  it.each(["", "not http\r\n\r\n", "HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n"])(
    "of its protocol fails, to be tried again: %j",
    (text) =>
      listening(
        createTcpServer((socket) => {
          socket.on("error", () => undefined);
          socket.once("data", () => socket.end(text));
        }),
        async (port) => {
          const refused = download({ url: `http://127.0.0.1:${port}/` });
          await expect(refused).rejects.toMatchObject({ code: "INTERNAL" });
        },
      ),
  );
});

describe("a redirect", () => {
  const leading = (location: string, use: (outcome: unknown) => void) =>
    serving(
      (_, response) => response.writeHead(302, { location }).end(),
      async (url) =>
        use(await download({ url: `${url}/a?signature=s3cret` }).catch((error: unknown) => error)),
    );

  it.each([
    ["a file", "file:///etc/shadow", "not http or https"],
    ["another protocol", "ftp://127.0.0.1/a", "not http or https"],
    ["data", "data:text/plain,x", "not http or https"],
    ["a host that is not allowed", "http://example.invalid/a", "--allow-host example.invalid"],
    ["an address that is not allowed", "http://127.0.0.3/a", "--allow-host 127.0.0.3"],
    ["the same in another spelling", "http://0x7f.3/a", "--allow-host 127.0.0.3"],
    ["IPv6 of an allowed address", "http://[::ffff:127.0.0.1]/a", "--allow-host"],
    ["a URL with a password", "http://user:s3cret@127.0.0.1/a", "user or password"],
    ["an invalid URL", "http://:0:0/", "an invalid URL"],
    ["itself", "?signature=s3cret", "more than 5 times"],
  ])("to %s is not followed, and no secret is repeated", (_, location, why) =>
    leading(location, (outcome) => {
      expect(outcome).toMatchObject({ code: "SOURCE_FORBIDDEN", message: expect.stringContaining(why) });
      expect(String(outcome)).not.toContain("s3cret");
    }),
  );

  it("is followed within what is allowed, as far as it leads", () =>
    serving(
      (request, response) => {
        const step = Number(request.url?.slice(1));
        if (step < 5) response.writeHead(307, { location: `/${step + 1}` }).end();
        else response.end(whole);
      },
      async (url) => expect(await download({ url: `${url}/0`, sha256 })).toBe("whole"),
    ));
});

describe("what is told of a download", () => {
  it.each([401, 404, 500])("that is answered by %d does not repeat its query", (status) =>
    serving(
      (_, response) => response.writeHead(status).end(),
      async (url) => {
        const error = await download({ url: `${url}/path?signature=s3cret` }).catch(String);
        expect(error).toContain("/path…");
        expect(error).not.toContain("s3cret");
      },
    ),
  );

  it("is short, however long its URL", () =>
    serving(
      (_, response) => response.writeHead(404).end(),
      async (url) => {
        const error = await download({ url: `${url}/${"x".repeat(7_000)}` }).catch(String);
        expect(error.length).toBeLessThan(400);
      },
    ));
});

describe("the connection of a download", () => {
  const strict: UrlPolicy = { ...open, allowPrivateAddresses: false };

  it.each(["127.0.0.1", "localhost", "0x7f.1", "2130706433", "127.1", "[::ffff:127.0.0.1]", "[::1]"])(
    "is not made to this host, however it is called: %s",
    async (host) => {
      let connections = 0;
      await listening(
        createTcpServer(() => {
          connections++;
        }),
        async (port) => {
          const policy = { ...strict, allowedHosts: [parseAllowedHost(host)] };
          const refused = download({ url: `http://${host}:${port}/` }, policy);
          await expect(refused).rejects.toMatchObject({
            code: "SOURCE_FORBIDDEN",
            message: expect.stringContaining("private address"),
          });
        },
      );
      expect(connections).toBe(0);
    },
  );

  it("is its own, not one that was kept open under other rules", async () => {
    const sockets = new Set<unknown>();
    await serving(
      (request, response) => {
        sockets.add(request.socket);
        response.end(whole);
      },
      async (url) => {
        const named = url.replace("127.0.0.1", "localhost");
        // Node's own agent keeps it open for the next request.
        const [response] = (await once(get(named), "response")) as [IncomingMessage];
        response.resume();
        await once(response, "end");
        expect(await download({ url: named, sha256 })).toBe("whole");
        expect(await download({ url: named, sha256 })).toBe("whole");
        await expect(download({ url: named }, strict)).rejects.toMatchObject({ code: "SOURCE_FORBIDDEN" });
      },
    );
    expect(sockets.size).toBe(3);
  });

  it("does not go by a proxy that the environment names", async () => {
    let proxied = 0;
    const proxy = createTcpServer((socket) => {
      proxied++;
      socket.destroy();
    });
    await listening(proxy, async (port) => {
      const address = `http://127.0.0.1:${port}`;
      const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"];
      const environment = Object.fromEntries(names.map((name) => [name, address]));
      await withEnvironment({ ...environment, NODE_USE_ENV_PROXY: "1" }, () =>
        serving(
          (_, response) => response.end(whole),
          async (url) => expect(await download({ url, sha256 })).toBe("whole"),
        ),
      );
    });
    expect(proxied).toBe(0);
  });

  it("is not made to a server whose certificate nobody vouches for, whatever the environment says", async () => {
    const directory = await scratch.fresh();
    const [key, cert] = [join(directory, "key"), join(directory, "cert")];
    const subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"];
    const made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert, ...subject];
    execFileSync("openssl", made, { stdio: "ignore" });
    const server = createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) =>
      response.end(whole),
    );
    await listening(server, (port) =>
      withEnvironment({ NODE_TLS_REJECT_UNAUTHORIZED: "0" }, async () => {
        const refused = download({ url: `https://localhost:${port}/` });
        await expect(refused).rejects.toMatchObject({ message: expect.stringContaining("certificate") });
      }),
    );
  });
});
