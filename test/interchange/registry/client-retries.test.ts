// Registries that break, ask to be left alone, or have mirrors: what is pulled goes on where it can be had.
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { join } from "node:path";
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
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const never = new AbortController().signal;
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const document = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: ociManifest }));
const layer = randomBytes(600_000);
const blob = describeBytes(layer);

const pullManifest = (registry: FakeRegistry) =>
  withRepository(registry, "pull", (repository) => repository.manifest("latest"));
const pullBlob = (registry: FakeRegistry) =>
  withRepository(registry, "pull", (repository) => buffer(repository.blob(blob, never)));
const lines = ({ requests }: FakeRegistry) => requests.map(({ line }) => line);

const serveDocument: RequestListener = (_request, response) =>
  void response.writeHead(200, { "content-type": ociManifest }).end(document);
const serveLayer: RequestListener = (_request, response) =>
  void response.writeHead(200, { "content-length": blob.size }).end(layer);

/** Answers the first requests by these, and all others by the last one. */
function inTurn(...answers: readonly RequestListener[]): RequestListener {
  let at = 0;
  return (request, response) => answers[Math.min(at++, answers.length - 1)]?.(request, response);
}
const status =
  (code: number, headers = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(code, headers).end();

/** Sends so many bytes of what is asked for, and cuts the connection. */
function cutAfter(bytes: number, heedsRange = true): RequestListener {
  return ({ headers }: IncomingMessage, response: ServerResponse) => {
    const start = heedsRange ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? "")?.[1] ?? 0) : 0;
    const range = { "content-range": `bytes ${start}-${blob.size - 1}/${blob.size}` };
    response.writeHead(start > 0 ? 206 : 200, {
      "content-length": blob.size - start,
      ...(start > 0 ? range : {}),
    });
    response.write(layer.subarray(start, start + bytes), () => response.destroy());
  };
}

describe("a document that breaks off", () => {
  const cutDocument: RequestListener = (_request, response) => {
    response.writeHead(200, { "content-type": ociManifest, "content-length": document.length });
    response.write(document.subarray(0, 9), () => response.destroy());
  };

  it("is asked for again, whole", async () => {
    await serving(inTurn(cutDocument, cutDocument, serveDocument), async (registry) => {
      expect((await pullManifest(registry)).bytes).toEqual(document);
      expect(registry.requests).toHaveLength(3);
    });
  });

  it("is given up where it breaks off each time", async () => {
    await serving(cutDocument, async (registry) => {
      await expect(pullManifest(registry)).rejects.toMatchObject({ code: "INTERNAL" });
      expect(registry.requests).toHaveLength(registry.policy.limits.downloadResumes + 1);
    });
  });
});

describe("a blob that breaks off", () => {
  it("goes on five times where it broke, and not a sixth time", async () => {
    await serving(cutAfter(100_000), async (registry) => {
      const pulled = await pullBlob(limited(registry, { downloadResumes: 5 }));
      expect(pulled.equals(layer)).toBe(true);
      expect(registry.requests).toHaveLength(6);
    });
    await serving(cutAfter(100_000), async (registry) => {
      await expect(pullBlob(registry)).rejects.toMatchObject({
        code: "INTERNAL",
        message: expect.stringContaining("the connection was cut"),
      });
      expect(registry.requests).toHaveLength(3);
    });
  });

  it("goes on at a registry without ranges, which sends it from its beginning", async () => {
    await serving(inTurn(cutAfter(100_000), cutAfter(300_000, false), serveLayer), async (registry) => {
      expect((await pullBlob(registry)).equals(layer)).toBe(true);
    });
  });

  it("goes on where it fell silent", async () => {
    const silent: RequestListener = (_request, response) => {
      response.writeHead(200, { "content-length": blob.size });
      response.write(layer.subarray(0, 1_000));
    };
    await serving(inTurn(silent, cutAfter(blob.size)), async (registry) => {
      expect((await pullBlob(limited(registry, impatient))).equals(layer)).toBe(true);
    });
  });

  it("is not blamed for a reader that takes its time", async () => {
    await serving(serveLayer, async (registry) => {
      const quick = limited(registry, { downloadSilenceMs: 400, downloadMs: 400 });
      await withRepository(quick, "pull", async (repository) => {
        let size = 0;
        for await (const chunk of repository.blob(blob, never)) {
          if (size === 0) await new Promise((resolve) => setTimeout(resolve, 500));
          size += (chunk as Buffer).length;
        }
        expect(size).toBe(blob.size);
      });
    });
  });
});

describe("a registry that asks to be left alone", () => {
  it.each([
    ["by seconds", 429, (): string => "1"],
    ["until a time", 503, () => new Date(Date.now() + 1_000).toUTCString()],
    ["until a time that is past", 429, () => new Date(0).toUTCString()],
    ["without a word", 429, (): undefined => undefined],
  ] as const)("%s is asked again then", async (_what, code, when) => {
    const refuse: RequestListener = (_request, response) => {
      const asked = when();
      response.writeHead(code, asked === undefined ? {} : { "retry-after": asked }).end();
    };
    await serving(inTurn(refuse, serveDocument), async (registry) => {
      const begun = performance.now();
      await pullManifest(registry);
      expect(registry.requests).toHaveLength(2);
      if (when() === "1") expect(performance.now() - begun).toBeGreaterThan(990);
    });
  });

  it("for a day ends it at once, and says so", async () => {
    await serving(status(503, { "retry-after": "86400" }), async (registry) => {
      await expect(pullManifest(registry)).rejects.toMatchObject({
        code: "LIMIT_EXCEEDED",
        message: expect.stringContaining("asks to be left alone for 86400 s"),
      });
      expect(registry.requests).toHaveLength(1);
    });
  });

  it("again and again is asked until the time is over", async () => {
    await serving(status(429, { "retry-after": "0" }), async (registry) => {
      await expect(pullManifest(registry)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
      expect(registry.requests.length).toBeLessThan(8);
    });
  });
});

describe("a registry that fails", () => {
  it("is asked a few times more", async () => {
    const reset: RequestListener = ({ socket }) => void socket.resetAndDestroy();
    await serving(inTurn(status(500), reset, serveDocument), async (registry) => {
      await pullManifest(registry);
      expect(registry.requests).toHaveLength(3);
    });
    await serving(status(502), async (registry) => {
      await expect(pullManifest(registry)).rejects.toMatchObject({
        code: "INTERNAL",
        message: expect.stringContaining("502"),
      });
      expect(registry.requests).toHaveLength(3);
    });
  });
});

describe("a mirror", () => {
  /** Runs `use` with a registry that has this mirror. */
  function mirrored<T>(
    mirror: RequestListener,
    own: RequestListener,
    use: (registry: FakeRegistry, mirror: FakeRegistry) => Promise<T>,
  ): Promise<T> {
    return serving(mirror, (near) =>
      serving(own, (registry) => {
        const mirrors = new Map([[registry.host, [new URL(`${near.url}/hub/`)]]]);
        return use({ ...registry, policy: { ...registry.policy, mirrors } }, near);
      }),
    );
  }

  it("that serves is asked alone, below the path of its URL", async () => {
    await mirrored(serveDocument, status(500), async (registry, mirror) => {
      await pullManifest(registry);
      expect(registry.requests).toEqual([]);
      expect(lines(mirror)).toEqual(["GET /hub/v2/tests/image/manifests/latest"]);
    });
  });

  it.each([
    ["lacks it", status(404)],
    ["fails", status(500)],
    ["asks to be left alone", status(429, { "retry-after": "3600" })],
    ["wants a password", status(401, { "www-authenticate": "Basic realm=x" })],
    ["forbids it", status(403)],
    ["hangs up", (({ socket }) => void socket.resetAndDestroy()) as RequestListener],
  ])("that %s is passed over at once", async (_what, answer) => {
    await mirrored(answer, serveDocument, async (registry, mirror) => {
      await pullManifest(registry);
      expect(mirror.requests).toHaveLength(1);
      expect(registry.requests).toHaveLength(1);
    });
  });

  it("that nobody answers for is passed over", async () => {
    await serving(serveDocument, async (registry) => {
      const mirrors = new Map([[registry.host, [new URL("http://127.0.0.1:1")]]]);
      await pullManifest({ ...registry, policy: { ...registry.policy, mirrors } });
      expect(registry.requests).toHaveLength(1);
    });
  });

  it("never gets the password of the registry", async () => {
    const wanting: RequestListener = (request, response) =>
      request.headers.authorization === undefined
        ? status(401, { "www-authenticate": "Basic realm=x" })(request, response)
        : serveDocument(request, response);
    await mirrored(wanting, wanting, async (registry, mirror) => {
      const authFile = join(await scratch.fresh(), "config.json");
      await writeFile(
        authFile,
        JSON.stringify({ auths: { [registry.host]: { username: "a", password: "b" } } }),
      );
      await pullManifest({ ...registry, policy: { ...registry.policy, authFile } });
      expect(mirror.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
      expect(registry.requests.at(-1)?.authorization).toBe("Basic YTpi");
    });
  });

  it("that breaks off in a blob leaves the rest to the registry", async () => {
    await mirrored(cutAfter(100_000), cutAfter(blob.size), async (registry, mirror) => {
      expect((await pullBlob(registry)).equals(layer)).toBe(true);
      expect(mirror.requests).toHaveLength(1);
      expect(registry.requests).toHaveLength(1);
    });
  });

  it("that lacks a blob says nothing of whether the registry has it", async () => {
    await mirrored(status(404), serveLayer, async (registry) => {
      await withRepository(registry, "pull", async (repository) => {
        expect(await repository.hasBlob(blob.digest)).toBe(blob.size);
        expect(await repository.hasManifest("latest")).toBe(true);
      });
    });
  });

  it("is not pushed to", async () => {
    await mirrored(status(500), status(404), async (registry, mirror) => {
      await withRepository(registry, "push", (repository) => repository.hasBlob(blob.digest));
      expect(mirror.requests).toEqual([]);
      expect(registry.requests).toHaveLength(1);
    });
  });
});
