import { createHash } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, mkdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runJob, useDock } from "../../support/dock.js";
import { curl } from "../../support/http/curl.js";
import { servingHttp } from "../../support/http/http-server.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { sha256Of, shell } from "../../support/processes/shell.js";
import { thenFill } from "../../support/trees/documented-tar.js";

const dock = useDock();

const { middle } = dockerImages;
const alone = { worker: false } as const;
const documentedTar =
  "tar --sort=name --format=posix --numeric-owner " +
  "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime " +
  `--xattrs --xattrs-include='security.capability' --xattrs-include='user.*' -C layer -cf - .${thenFill}`;

/** An image whose layer is one file of that many bytes, of which the disk has none. */
function writeHollowImage(root: string, id: string, bytes: number): string {
  const directory = join(root, "graph", id);
  mkdirSync(join(directory, "layer"), { recursive: true });
  writeFileSync(join(directory, "json"), JSON.stringify({ id }));
  writeFileSync(join(directory, "layer/hollow"), "");
  truncateSync(join(directory, "layer/hollow"), bytes);
  return directory;
}

/** Asks for a layer and reads nothing of it but the head of the answer. */
async function beginDownload(url: string): Promise<IncomingMessage> {
  const request = get(url);
  const [response] = (await once(request, "response")) as [IncomingMessage];
  response.on("error", () => undefined);
  return response;
}

/** Reads an answer to its end and gives the digest of the body, and the trailers. */
async function download(url: string, headers = {}) {
  const [response] = (await once(get(url, { headers }), "response")) as [IncomingMessage];
  const hash = createHash("sha256");
  for await (const chunk of response) hash.update(chunk);
  const digest = hash.digest();
  return { status: response.statusCode, headers: response.headers, trailers: response.trailers, digest };
}

const fieldOf = (digest: Buffer) => `sha-256=:${digest.toString("base64")}:`;

describe("GET /api/v1/images/{ref}/layer", () => {
  it("is the canonical tar, of which a checksum stored the digest", async () => {
    await servingHttp(dock, async ({ root, producer, url }) => {
      await unpackDockerGraph(root);
      const layer = `${url}/api/v1/images/27cf/layer`;
      const unknown = await download(layer);
      const own = join(root, "graph", middle);
      expect(`sha256:${unknown.digest.toString("hex")}`).toBe(
        sha256Of(await shell(`${documentedTar} | sha256sum`, { cwd: own })),
      );
      // Nobody knew it before.
      expect(unknown.headers).not.toHaveProperty("etag");
      expect(unknown.trailers).toEqual({ "repr-digest": fieldOf(unknown.digest) });

      const { tarDigest } = await runJob(producer, "checksum", { id: middle });
      const known = await download(layer);
      expect(`sha256:${known.digest.toString("hex")}`).toBe(tarDigest);
      expect(known.headers).toMatchObject({
        "content-type": "application/x-tar",
        "content-disposition": `attachment; filename="${middle}.tar"`,
        "repr-digest": fieldOf(known.digest),
        etag: `"${tarDigest}"`,
      });
      expect((await download(layer, { "if-none-match": known.headers.etag })).status).toBe(304);
      const head = await fetch(layer, { method: "HEAD" });
      expect(head.headers.get("etag")).toBe(known.headers.etag);
      expect(head.headers.has("content-length")).toBe(false);
    });
  });

  it("is by a recipe the archive that its checksum hashes behind the record", async () => {
    await servingHttp(dock, async ({ root, producer, url }) => {
      await unpackDockerGraph(root);
      for (const recipe of ["xz-6", "xz-1", "docker"] as const) {
        const { checksum } = await runJob(producer, "checksum", { id: middle, recipe, force: true });
        const layer = `${url}/api/v1/images/${middle}/layer?recipe=${recipe}`;
        const line = `{ cat json; echo; curl -sSf '${layer}'; } | sha256sum`;
        expect(sha256Of(await shell(line, { cwd: join(root, "graph", middle) })), recipe).toBe(checksum);
        const { headers, trailers, digest } = await download(layer);
        expect(headers["content-type"]).toBe("application/x-xz");
        expect(trailers).toEqual({ "repr-digest": fieldOf(digest) });
        expect("etag" in headers).toBe(recipe !== "docker");
      }
    });
  });

  it("takes no recipe that there is not", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        writeHollowImage(root, "hollow", 1);
        expect(await ask("/api/v1/images/hollow/layer?recipe=zip")).toMatchObject({
          status: 400,
          body: { code: "INVALID_REQUEST" },
        });
      },
      alone,
    );
  });

  it("ends its tools when the client leaves, and serves as many at a time as there are cores", async () => {
    await servingHttp(
      dock,
      async ({ root, url, ask }) => {
        writeHollowImage(root, "hollow", 1024 ** 3);
        const others = (await childProcesses()).length;
        const layer = "/api/v1/images/hollow/layer";
        const begun = await Promise.all(
          Array.from({ length: availableParallelism() }, (_, at) =>
            beginDownload(`${url}${layer}${at === 0 ? "?recipe=xz-1" : ""}`),
          ),
        );
        const refused = await ask(layer);
        expect(refused).toMatchObject({ status: 503, body: { code: "TOO_MANY_REQUESTS" } });
        expect(refused.headers.get("retry-after")).toMatch(/^\d+$/);
        for (const response of begun) response.destroy();
        await expect.poll(async () => (await childProcesses()).length).toBe(others);
        (await beginDownload(`${url}${layer}`)).destroy();
      },
      alone,
    );
    // The server has waited for the last of them.
    expect((await childProcesses()).filter(({ command }) => command === "tar")).toEqual([]);
  });

  it("breaks the connection when the layer is not what its checksum says, or changes meanwhile", async () => {
    await servingHttp(dock, async ({ root, producer, url }) => {
      const own = writeHollowImage(root, "hollow", 64 * 1024 ** 2);
      const layer = `${url}/api/v1/images/hollow/layer`;
      const response = await beginDownload(layer);
      appendFileSync(join(own, "layer/hollow"), "more");
      const broken = new Promise((resolve) => response.on("error", resolve));
      response.resume();
      expect(await broken).toMatchObject({ code: "ECONNRESET" });

      await runJob(producer, "checksum", { id: "hollow", recipe: "xz-1" });
      appendFileSync(join(own, "layer/hollow"), "even more");
      // curl's 18: a transfer that broke off.
      expect((await curl("-o", "/dev/null", layer)).code).toBe(18);
      expect((await curl("-o", "/dev/null", `${layer}?recipe=xz-1`)).code).toBe(18);
      rmSync(join(own, "layer/hollow"));
    });
  });
});
