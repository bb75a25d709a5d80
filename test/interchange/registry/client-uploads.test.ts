// Pushes of blobs: whole, in chunks, mounted, broken off and gone on with.
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import { parseAllowedHost } from "../../../src/outbound/index.js";
import { startTcpProxy } from "../../support/redis/tcp-proxy.js";
import {
  describeBytes,
  impatient,
  limited,
  serving,
  withRepository,
} from "../../support/registry/fake-registry.js";
import { type RegistryMode, startRegistry } from "../../support/registry/registry.js";

const never = new AbortController().signal;
const megabyte = 1024 ** 2;
/** More than one chunk. */
const large = Buffer.concat(Array.from({ length: 70 }, () => randomBytes(megabyte)));
const largeBlob = describeBytes(large);
const layer = large.subarray(0, 3 * megabyte);
const layerBlob = describeBytes(layer);

/** Opens bytes, and remembers from where. */
function opening(bytes: Buffer, piece = 64 * 1024) {
  const starts: number[] = [];
  const open = async (start: number) => {
    starts.push(start);
    const pieces = function* () {
      for (let at = start; at < bytes.length; at += piece)
        yield bytes.subarray(at, Math.min(at + piece, bytes.length));
    };
    return Readable.from(pieces(), { objectMode: false });
  };
  return { starts, open };
}

describe("a blob", () => {
  it("goes out in one request if it is small, else in chunks", async () => {
    await using registry = await startRegistry();
    const small = Buffer.from("a config");
    const sent: number[] = [];
    await withRepository(registry, "push", async (repository) => {
      await repository.uploadBlob(describeBytes(small), opening(small).open);
      await repository.uploadBlob(describeBytes(Buffer.alloc(0)), opening(Buffer.alloc(0)).open);
      await repository.uploadBlob(largeBlob, opening(large).open, (bytes) => sent.push(bytes));
      expect(await repository.hasBlob(largeBlob.digest)).toBe(large.length);
      expect((await buffer(repository.blob(largeBlob, never))).equals(large)).toBe(true);
    });
    expect(sent).toEqual([64 * megabyte, large.length, large.length]);
    const methods = (await registry.requests()).map((line) => line.split(" ", 1)[0]);
    expect(methods).toEqual(["POST", "PUT", "POST", "PUT", "POST", "PATCH", "PATCH", "PUT", "HEAD", "GET"]);
  });

  it("that breaks off is gone on with, or begun anew where the registry drops what it had", async () => {
    await using registry = await startRegistry();
    await using proxy = await startTcpProxy(Number(registry.host.split(":")[1]));
    const host = `127.0.0.1:${proxy.port}`;
    const policy = { ...registry.policy, insecureHosts: [parseAllowedHost(host)] };
    const { starts, open } = opening(large);
    const cutOnce = async (start: number) => {
      const stream = await open(start);
      if (starts.length > 1) return stream;
      let passed = 0;
      stream.on("data", (chunk: Buffer) => {
        passed += chunk.length;
        if (passed > 20 * megabyte && passed - chunk.length <= 20 * megabyte) proxy.cut();
      });
      return stream.pause();
    };
    await withRepository({ host, policy }, "push", async (repository) => {
      await repository.uploadBlob(largeBlob, cutOnce);
      expect(await repository.hasBlob(largeBlob.digest)).toBe(large.length);
    });
    expect(starts).toHaveLength(2);
  });

  it.each<RegistryMode>(["plain", "token"])("of another repository is mounted, in mode %s", async (mode) => {
    await using registry = await startRegistry(mode);
    await withRepository(registry, "push", async (repository) => {
      await repository.uploadBlob(layerBlob, opening(layer).open);
    });
    const other = { repository: "tests/other" };
    await withRepository(
      registry,
      "push",
      async (repository) => {
        expect(await repository.mountBlob(largeBlob.digest, "tests/image")).toBe(false);
        expect(await repository.mountBlob(layerBlob.digest, "tests/image")).toBe(true);
        expect(await repository.hasBlob(layerBlob.digest)).toBe(layer.length);
      },
      other,
    );
    // The upload that was begun instead of a mount is not left behind, where a push may remove it.
    const removed = expect.stringMatching(mode === "plain" ? /^DELETE .* 204$/ : /^DELETE .* 401$/);
    expect(await registry.requests()).toContainEqual(removed);
  });

  it("that is another than its digest says is not taken", async () => {
    await using registry = await startRegistry();
    const { digest } = largeBlob;
    for (const bytes of [Buffer.from("small"), layer]) {
      await withRepository(registry, "push", async (repository) => {
        const upload = repository.uploadBlob({ digest, size: bytes.length }, opening(bytes).open);
        await expect(upload).rejects.toMatchObject({
          code: "INTERNAL",
          message: expect.stringContaining("DIGEST_INVALID"),
        });
        expect(await repository.hasBlob(digest)).toBeUndefined();
      });
    }
  });

  it.each([
    ["fewer", 1],
    ["more", -1],
  ])("that has %s bytes than its descriptor says is not sent again", async (which, difference) => {
    await using registry = await startRegistry();
    for (const bytes of [Buffer.from("small"), layer]) {
      const { starts, open } = opening(bytes);
      const blob = { ...describeBytes(bytes), size: bytes.length + difference };
      await withRepository(registry, "push", async (repository) => {
        await expect(repository.uploadBlob(blob, open)).rejects.toMatchObject({
          message: expect.stringContaining(`${which} bytes`),
        });
      });
      expect(starts).toEqual([0]);
    }
  });

  it("whose reading fails ends the upload by that error", async () => {
    await using registry = await startRegistry();
    const failing = async () =>
      Readable.from(
        (async function* () {
          yield layer.subarray(0, 1_000);
          throw new Error("the disk is gone");
        })(),
      );
    await withRepository(registry, "push", async (repository) => {
      await expect(repository.uploadBlob(layerBlob, failing)).rejects.toThrow("the disk is gone");
    });
    expect(await registry.requests()).toContainEqual(expect.stringMatching(/^DELETE /));
  });

  it("ends when the push is cancelled", async () => {
    await using registry = await startRegistry();
    const cancel = new AbortController();
    const stalled = async () =>
      Readable.from(
        (async function* () {
          yield layer.subarray(0, 1_000);
          setImmediate(() => cancel.abort());
          await once(cancel.signal, "abort");
          yield layer.subarray(1_000);
        })(),
      );
    const push = withRepository(registry, "push", (repository) => repository.uploadBlob(layerBlob, stalled), {
      signal: cancel.signal,
    });
    await expect(push).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("a manifest", () => {
  it("that the registry takes for another is an error", async () => {
    const answer: RequestListener = (request, response) => {
      request.resume();
      response.writeHead(201, { "docker-content-digest": layerBlob.digest }).end();
    };
    await serving(answer, async (registry) => {
      await withRepository(registry, "push", async (repository) => {
        const put = repository.putManifest("latest", "application/x", Buffer.from("{}"));
        await expect(put).rejects.toMatchObject({
          code: "INTERNAL",
          message: expect.stringContaining(layerBlob.digest),
        });
      });
    });
  });
});

describe("a chunk", () => {
  /** A registry of one upload, that answers the first chunk so, of which it has taken 1,000,000 bytes. */
  function answering(first: (request: IncomingMessage, response: ServerResponse) => void) {
    const parts: Buffer[] = [];
    let chunks = 0;
    const serve: RequestListener = async (request, response) => {
      const { method, headers } = request;
      if (method === "HEAD") return void response.writeHead(404).end();
      if (method === "POST") return void response.writeHead(202, { location: "/upload?state=0" }).end();
      if (method === "GET" && request.url?.startsWith("/token")) return void response.end('{"token":"t"}');
      if (method === "GET") {
        return void response.writeHead(204, { range: "0-999999", location: "/upload?state=1" }).end();
      }
      if (method === "PATCH" && chunks++ === 0) return first(request, response);
      if (method === "PATCH") {
        expect(headers["content-range"]).toBe(`1000000-${layer.length - 1}`);
        parts.push(await buffer(request));
        return void response
          .writeHead(202, { location: "/upload?state=2", range: `0-${layer.length - 1}` })
          .end();
      }
      expect(request.url).toBe(`/upload?state=2&digest=${encodeURIComponent(layerBlob.digest)}`);
      response.writeHead(201).end();
    };
    return { serve, parts };
  }

  it.each([
    [
      "by a server that fails",
      (_: IncomingMessage, response: ServerResponse) => void response.writeHead(500).end(),
    ],
    [
      "by a challenge",
      ({ headers }: IncomingMessage, response: ServerResponse) =>
        void response
          .writeHead(401, { "www-authenticate": `Bearer realm="http://${headers.host}/token"` })
          .end(),
    ],
    [
      "by a pause",
      (_: IncomingMessage, response: ServerResponse) =>
        void response.writeHead(429, { "retry-after": "0" }).end(),
    ],
    [
      "as out of its range",
      (_: IncomingMessage, response: ServerResponse) => void response.writeHead(416).end(),
    ],
    [
      "as half of it",
      (request: IncomingMessage, response: ServerResponse) =>
        void request
          .resume()
          .on("end", () => response.writeHead(202, { location: "/upload?state=9", range: "0-999999" }).end()),
    ],
    ["never", () => undefined],
  ])("that is answered %s goes on where the registry says", async (how, first) => {
    const { serve, parts } = answering(first);
    const { starts, open } = opening(layer);
    await serving(serve, async (registry) => {
      const asked = limited(registry, how === "never" ? impatient : {});
      await withRepository(asked, "push", (repository) => repository.uploadBlob(layerBlob, open));
    });
    expect(starts).toEqual([0, 1_000_000]);
    expect(Buffer.concat(parts).equals(layer.subarray(1_000_000))).toBe(true);
  });
});
