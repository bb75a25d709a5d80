// Registries that lie, are slow for ever, or lead elsewhere: each ends in a clear error, and soon.
import { randomBytes } from "node:crypto";
import type { RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { describe, expect, it } from "vitest";
import {
  describeBytes,
  type FakeRegistry,
  impatient,
  limited,
  serving,
  withRepository,
} from "../../support/registry/fake-registry.js";

const never = new AbortController().signal;
const layer = randomBytes(300_000);
const { digest, size } = describeBytes(layer);
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const document = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociManifest }));

const pullManifest = (registry: FakeRegistry, reference = "latest") =>
  withRepository(registry, "pull", (repository) => repository.manifest(reference));
const pullBlob = (registry: FakeRegistry) =>
  withRepository(registry, "pull", (repository) => buffer(repository.blob({ digest, size }, never)));
const pushBlob = (registry: FakeRegistry) =>
  withRepository(registry, "push", (repository) =>
    repository.uploadBlob({ digest, size }, async (start) => Readable.from([layer.subarray(start)])),
  );

/** The error of a pull from a server that answers so. */
async function errorOf(
  answer: RequestListener,
  pull: (registry: FakeRegistry) => Promise<unknown> = pullManifest,
  limits: Parameters<typeof limited>[1] = {},
): Promise<{ readonly code: string; readonly message: string }> {
  return serving(answer, async (registry) =>
    pull(limited(registry, limits)).then(
      () => expect.fail("it was taken"),
      (error) => ({ code: error.code, message: error.message.replaceAll(registry.host, "HOST") }),
    ),
  );
}
const answering =
  (status: number, headers: Record<string, string | number>, body: Buffer | string = ""): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);
/** Writes for ever, as long as the other side reads. */
function endless(response: ServerResponse, text: string): void {
  const more = () => {
    while (!response.destroyed && response.write(text)) {}
    if (!response.destroyed) response.once("drain", more);
  };
  more();
}

describe("a manifest", () => {
  it.each([
    [
      "of 5 MiB",
      answering(200, { "content-type": ociManifest }, Buffer.alloc(5 * 1024 ** 2, " ")),
      "LIMIT_EXCEEDED",
    ],
    [
      "without an end",
      (_: unknown, response: ServerResponse) => endless(response, " ".repeat(65_536)),
      "LIMIT_EXCEEDED",
    ],
    [
      "that is encoded",
      answering(200, { "content-type": ociManifest, "content-encoding": "gzip" }, document),
      "SOURCE_MISMATCH",
    ],
    [
      "that the registry calls by another digest",
      answering(200, { "content-type": ociManifest, "docker-content-digest": digest }, document),
      "SOURCE_MISMATCH",
    ],
    [
      "that is of another type than it says",
      answering(200, { "content-type": "application/vnd.oci.image.index.v1+json" }, document),
      "BAD_ARCHIVE",
    ],
    ["of no type", answering(200, { "content-type": "text/plain" }, "{}"), "BAD_ARCHIVE"],
    [
      "of schema 1",
      answering(200, { "content-type": "application/vnd.docker.distribution.manifest.v1+prettyjws" }, "{}"),
      "BAD_ARCHIVE",
    ],
    [
      "that is forbidden",
      answering(403, {}, '{"errors":[{"code":"DENIED","message":"sesame"}]}'),
      "SOURCE_FORBIDDEN",
    ],
    ["that is not there", answering(404, {}), "SOURCE_NOT_FOUND"],
    [
      "of a server that asks to be left alone for a day",
      answering(429, { "retry-after": "86400" }),
      "LIMIT_EXCEEDED",
    ],
    [
      "of a server that speaks something else",
      (request: { socket: { end(text: string): void } }) => request.socket.end("SSH-2.0\r\n"),
      "INTERNAL",
    ],
  ] as const)("%s is refused", async (_what, answer, code) => {
    const error = await errorOf(answer as RequestListener);
    expect(error).toMatchObject({
      code,
      message: expect.stringContaining("HOST/v2/tests/image/manifests/latest"),
    });
    expect(error.message).not.toContain("sesame");
  });

  it("that never begins is given up", async () => {
    const error = await errorOf(() => undefined, pullManifest, { ...impatient, downloadResumes: 1 });
    expect(error).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("silent for 0.3 s") });
  });

  it("that comes by single bytes is given up for good", async () => {
    const dribble: RequestListener = (_request, response) => {
      const timer = setInterval(() => response.write(" "), 20);
      response.on("close", () => clearInterval(timer));
    };
    expect(await errorOf(dribble, pullManifest, { downloadMs: 500 })).toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  });

  it("of schema 1 is refused by its name", async () => {
    const answer = answering(200, { "content-type": "application/json" }, '{"schemaVersion":1}');
    expect((await errorOf(answer)).message).toContain("schema 1");
  });

  it("that is another than its digest says is refused", async () => {
    const answer = answering(200, { "content-type": ociManifest }, document);
    expect(await errorOf(answer, (registry) => pullManifest(registry, digest))).toMatchObject({
      code: "SOURCE_MISMATCH",
    });
  });

  it("behind headers without an end is refused", async () => {
    const answer: RequestListener = ({ socket }) => {
      socket.write("HTTP/1.1 200 OK\r\n");
      const more = () => {
        while (!socket.destroyed && socket.write(`x-header: ${"x".repeat(1_000)}\r\n`)) {}
        if (!socket.destroyed) socket.once("drain", more);
      };
      socket.on("error", () => undefined);
      more();
    };
    expect(await errorOf(answer)).toMatchObject({ code: "LIMIT_EXCEEDED" });
  });
});

describe("a blob", () => {
  it.each([
    [
      "of another announced length",
      answering(200, { "content-length": size - 1 }, layer.subarray(1)),
      "SOURCE_MISMATCH",
    ],
    ["with fewer bytes than its descriptor says", answering(200, {}, layer.subarray(1)), "SOURCE_MISMATCH"],
    [
      "with more bytes than its descriptor says",
      (_: unknown, response: ServerResponse) => endless(response, "x".repeat(65_536)),
      "SOURCE_MISMATCH",
    ],
    ["that is encoded", answering(200, { "content-encoding": "br" }, layer), "SOURCE_MISMATCH"],
    ["that is gone", answering(410, {}), "SOURCE_NOT_FOUND"],
    ["that redirects for ever", answering(307, { location: "?again" }), "SOURCE_FORBIDDEN"],
    ["that redirects to a file", answering(307, { location: "file:///etc/passwd" }), "SOURCE_FORBIDDEN"],
    [
      "that redirects to the host's metadata",
      answering(307, { location: "http://169.254.169.254/latest" }),
      "SOURCE_FORBIDDEN",
    ],
    [
      "that redirects to a private address",
      answering(307, { location: "http://10.0.0.1/" }),
      "SOURCE_FORBIDDEN",
    ],
    [
      "that redirects to a name of this host",
      answering(307, { location: "http://localhost:1/" }),
      "SOURCE_FORBIDDEN",
    ],
    [
      "that redirects to another port of this host",
      answering(307, { location: "http://127.0.0.1:1/" }),
      "SOURCE_FORBIDDEN",
    ],
    ["that redirects with a password", answering(307, { location: "http://a:b@HOST/" }), "SOURCE_FORBIDDEN"],
    ["that redirects to nowhere", answering(307, {}), "SOURCE_FORBIDDEN"],
  ] as const)("%s is refused", async (_what, answer, code) => {
    const error = await errorOf(answer as RequestListener, pullBlob);
    expect(error.code).toMatch(code);
  });

  it("that redirects to an address that may not be asked is refused by its own name", async () => {
    const error = await errorOf(answering(307, { location: "http://169.254.169.254/x" }), pullBlob);
    expect(error.message).toContain(
      `HOST/v2/tests/image/blobs/${digest}: it leads to http://169.254.169.254/: `,
    );
  });

  it("that falls silent each time is given up", async () => {
    const silent: RequestListener = (_request, response) =>
      void response.writeHead(200, { "content-length": size }).flushHeaders();
    const error = await errorOf(silent, pullBlob, { ...impatient, downloadResumes: 1 });
    expect(error).toMatchObject({ code: "INTERNAL", message: expect.stringContaining("silent for 0.3 s") });
  });

  it("whose rest has another size is refused", async () => {
    const answer: RequestListener = ({ headers }, response) => {
      if (headers.range === undefined) {
        response.writeHead(200, { "content-length": size });
        response.write(layer.subarray(0, 1_000), () => response.destroy());
      } else {
        response
          .writeHead(206, { "content-range": `bytes 1000-${size}/${size + 1}` })
          .end(layer.subarray(1_000));
      }
    };
    expect(await errorOf(answer, pullBlob)).toMatchObject({ code: "SOURCE_MISMATCH" });
  });

  it("of a digest that is none is never asked for", async () => {
    await serving(answering(200, {}, "x"), async (registry) => {
      await withRepository(registry, "pull", async (repository) => {
        const blob = repository.blob({ digest: "sha256:../../../secret", size: 1 }, never);
        await expect(buffer(blob)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
      });
      expect(registry.requests).toEqual([]);
    });
  });

  it("ends when the pull is cancelled", async () => {
    const cancel = new AbortController();
    const answer: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-length": size }).flushHeaders();
      cancel.abort();
    };
    const pull = (registry: FakeRegistry) =>
      withRepository(registry, "pull", (repository) =>
        buffer(repository.blob({ digest, size }, cancel.signal)),
      );
    expect(await errorOf(answer, pull)).toMatchObject({ code: "CANCELLED" });
  });
});

describe("an upload", () => {
  it.each([
    ["at another host", answering(202, { location: "http://127.0.0.2:1/upload" }), "TARGET_FORBIDDEN"],
    ["at no URL", answering(202, {}), "TARGET_FORBIDDEN"],
    ["that is not authorized", answering(401, {}), "TARGET_FORBIDDEN"],
    [
      "to a registry that is read alone",
      answering(405, {}, '{"errors":[{"code":"UNSUPPORTED"}]}'),
      "TARGET_FORBIDDEN",
    ],
    ["that is too large", answering(413, {}), "LIMIT_EXCEEDED"],
    ["that redirects", answering(307, { location: "/elsewhere" }), "TARGET_FORBIDDEN"],
    [
      "of another digest, as the registry finds",
      answering(400, {}, '{"errors":[{"code":"DIGEST_INVALID"}]}'),
      "INTERNAL",
    ],
  ] as const)("%s is refused", async (_what, answer, code) => {
    const error = await errorOf(answer as RequestListener, pushBlob);
    expect(error).toMatchObject({ code });
  });
});

describe("a host", () => {
  it.each(["pull", "push"] as const)("that is not allowed is refused for a %s", async (action) => {
    await serving(answering(200, {}), async ({ policy, requests }) => {
      const code = action === "pull" ? "SOURCE_FORBIDDEN" : "TARGET_FORBIDDEN";
      const asked = withRepository({ policy, host: "registry.example:5000" }, action, async () => undefined);
      await expect(asked).rejects.toMatchObject({
        code,
        message: expect.stringContaining("--allow-registry registry.example:5000"),
      });
      expect(requests).toEqual([]);
    });
  });
});
