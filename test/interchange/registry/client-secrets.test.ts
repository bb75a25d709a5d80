// A registry that repeats what it was told, wherever it may write: no error says it again.
import { writeFile } from "node:fs/promises";
import type { RequestListener } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { expect, it } from "vitest";
import { describeBytes, serving, withRepository } from "../../support/registry/fake-registry.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const never = new AbortController().signal;
const password = "sesame";
const authorization = `Basic ${Buffer.from(`ali:${password}`).toString("base64")}`;
const secrets = [password, authorization.slice("Basic ".length)];
const said = encodeURIComponent(`${password} ${authorization}`);
const ociManifest = "application/vnd.oci.image.manifest.v1+json";
const layer = Buffer.alloc(2 * 1024 ** 2, "layer");
const blob = describeBytes(layer);

const answering =
  (status: number, headers: Record<string, string>, body = ""): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, headers).end(body);

it.each<readonly [string, RequestListener]>([
  ["codes of errors", answering(403, {}, JSON.stringify({ errors: [{ code: password, message: said }] }))],
  ["the reason of a status", (_request, response) => void response.writeHead(400, said).end()],
  ["a redirect", answering(307, { location: `http://10.0.0.1/${said}?${said}` })],
  ["a redirect without an end", answering(307, { location: `/${said}` })],
  ["a redirect to what is no URL", answering(307, { location: `http://${password}:x/` })],
  [
    "a redirect to what it lacks",
    (request, response) =>
      void (
        request.url?.includes(password)
          ? response.writeHead(404)
          : response.writeHead(302, { location: `/${said}` })
      ).end(),
  ],
  ["where an upload goes on", answering(202, { location: `/${said}` })],
  ["where an upload goes on elsewhere", answering(202, { location: `http://127.0.0.2/${said}` })],
  [
    "a digest",
    answering(200, { "content-type": ociManifest, "docker-content-digest": `sha256:${password}` }, "{}"),
  ],
  ["a type", answering(200, { "content-type": ociManifest }, JSON.stringify({ mediaType: password }))],
  [
    "a type of its own",
    answering(200, { "content-type": password }, JSON.stringify({ mediaType: ociManifest })),
  ],
  ["an encoding", answering(200, { "content-encoding": password }, "{}")],
  ["a pause", answering(429, { "retry-after": password })],
  ["a range", answering(206, { "content-range": password })],
  ["a header that is none", (request) => request.socket.end(`HTTP/1.1 200 OK\r\n${password}\r\n\r\n`)],
  ["a line of status that is none", (request) => request.socket.end(`${password}\r\n\r\n`)],
  [
    "a challenge",
    answering(401, {
      "www-authenticate": `Bearer realm="http://10.0.0.1/${said}?${said}",service="${password}"`,
    }),
  ],
  ["the realm of a challenge", answering(401, { "www-authenticate": `Bearer realm="${password}"` })],
  ["a scheme", answering(401, { "www-authenticate": `${password} realm=x` })],
  [
    "a token server that fails",
    (request, response) =>
      request.url?.includes("token")
        ? void response.writeHead(500).end(said)
        : void response
            .writeHead(401, {
              "www-authenticate": `Bearer realm="http://${request.headers.host}/token/${said}"`,
            })
            .end(),
  ],
])("in %s is not repeated", async (_where, answer) => {
  const challenging: RequestListener = (request, response) => {
    if (request.headers.authorization !== undefined || request.url?.includes("token"))
      answer(request, response);
    else response.writeHead(401, { "www-authenticate": "Basic realm=x" }).end();
  };
  await serving(challenging, async ({ host, policy: open }) => {
    const authFile = join(await scratch.fresh(), "config.json");
    await writeFile(authFile, JSON.stringify({ auths: { [host]: { username: "ali", password } } }));
    const limits = { ...open.limits, downloadResumes: 1 };
    const registry = { host, policy: { ...open, authFile, limits } };
    const tries = [
      withRepository(registry, "pull", (repository) => repository.manifest("latest")),
      withRepository(registry, "pull", (repository) => buffer(repository.blob(blob, never))),
      withRepository(registry, "push", (repository) =>
        repository.uploadBlob(blob, async (start) => Readable.from([layer.subarray(start)])),
      ),
      withRepository(registry, "push", (repository) =>
        repository.putManifest("latest", ociManifest, Buffer.from("{}")),
      ),
    ];
    const errors = (await Promise.allSettled(tries)).flatMap((ended) =>
      ended.status === "rejected" ? [ended.reason as Error & { code: string }] : [],
    );
    expect(errors.length).toBeGreaterThan(0);
    for (const error of errors) {
      const whole = `${error.message}\n${error.stack}\n${JSON.stringify(error)}\n${error.cause ?? ""}`;
      for (const secret of secrets) expect(whole).not.toContain(secret);
      expect(error.code).toMatch(/^[A-Z_]+$/);
    }
  });
});
