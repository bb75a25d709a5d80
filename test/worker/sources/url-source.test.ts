import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { createServer, type RequestListener } from "node:http";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runJob, type ServedGraph, useDock } from "../../support/dock.js";

const dock = useDock();

describe("a layer from a URL", () => {
  /** A server on loopback, and a worker that may ask it. */
  const served = async (
    answer: RequestListener,
    use: (served: ServedGraph, url: string) => Promise<void>,
    isPrivateAllowed = true,
  ) => {
    const server = createServer(answer).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const options = { allowedHosts: [`localhost:${port}`], allowPrivateAddresses: isPrivateAllowed };
    try {
      await dock.serving((running) => use(running, `http://localhost:${port}`), options);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
  const bytes = () => readFileSync(dock.archive);
  const sha256 = () => createHash("sha256").update(bytes()).digest("hex");

  it("is stored, its sha256 checked", () =>
    served(
      (_request, response) => response.end(bytes()),
      async ({ producer, root }, url) => {
        expect(
          await runJob(producer, "store", { layer: { url: `${url}/a`, sha256: sha256() } }),
        ).toMatchObject({
          entries: 5,
        });
        const wrong = { image: { id: "wrong" }, layer: { url: `${url}/a`, sha256: "0".repeat(64) } };
        await expect(runJob(producer, "store", wrong)).rejects.toMatchObject({ code: "SOURCE_MISMATCH" });
        expect(existsSync(join(root, "graph/wrong"))).toBe(false);
      },
    ));

  it("is tried again when the server fails or the connection breaks", () => {
    let requests = 0;
    return served(
      (_request, response) => {
        requests += 1;
        if (requests === 1) return response.writeHead(503).end();
        response.writeHead(200, { "content-length": bytes().length });
        if (requests === 2) return response.write(bytes().subarray(0, 2_000), () => response.destroy());
        response.end(bytes());
      },
      async ({ producer }, url) => {
        const job = await producer.enqueue("store", { layer: { url: `${url}/a` } });
        await producer.wait(job);
        expect(await producer.job(job.id)).toMatchObject({ state: "completed", attempts: 3 });
      },
    );
  });

  it("is not tried again when it is not there", () =>
    served(
      (_request, response) => response.writeHead(404).end(),
      async ({ producer }, url) => {
        const job = await producer.enqueue("store", { layer: { url: `${url}/a` } });
        await expect(producer.wait(job)).rejects.toMatchObject({ code: "SOURCE_NOT_FOUND" });
        expect(await producer.job(job.id)).toMatchObject({ attempts: 1 });
      },
    ));

  it("does not follow a redirect to a host that is not allowed", () =>
    served(
      (_request, response) => response.writeHead(302, { location: "http://example.invalid/a" }).end(),
      async ({ producer }, url) => {
        await expect(runJob(producer, "store", { layer: { url: `${url}/a` } })).rejects.toMatchObject({
          code: "SOURCE_FORBIDDEN",
        });
      },
    ));

  it("does not reach this host's own network unless that is allowed", () =>
    served(
      (_request, response) => response.end(bytes()),
      async ({ producer }, url) => {
        await expect(runJob(producer, "store", { layer: { url: `${url}/a` } })).rejects.toMatchObject({
          code: "SOURCE_FORBIDDEN",
          message: expect.stringContaining("private address"),
        });
      },
      false,
    ));
});
