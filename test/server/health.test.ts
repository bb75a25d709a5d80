// What /healthz and /readyz say when something is gone.
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startServer } from "../../src/server/index.js";
import { startWorker } from "../../src/worker/index.js";
import { ask } from "../support/http/http-server.js";
import { startRedis, type TestRedis } from "../support/redis/redis-server.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis[Symbol.asyncDispose]());

/** A server and a worker for as long as `use` takes. */
async function serving(root: string, graph: string, use: (url: string) => Promise<void>): Promise<void> {
  const worker = await startWorker({ redis: redis.url, graph, root });
  const server = await startServer({ redis: redis.url, graph, root, tokens: [] });
  try {
    await use(server.url);
  } finally {
    await server.close();
    await worker.close(0);
  }
}

describe("a server", () => {
  it("is ready for anyone who asks while everything is there", async () => {
    await serving(await scratch.fresh(), "whole", async (url) => {
      const { status, body } = await ask(url, "/readyz");
      expect({ status, body }).toMatchObject({
        status: 200,
        body: { ready: true, checks: { redis: { ok: true }, worker: { ok: true } } },
      });
    });
  });

  it("is not ready without its root, and lives", async () => {
    const root = join(await scratch.fresh(), "root");
    mkdirSync(root);
    await serving(root, "rootless", async (url) => {
      renameSync(root, `${root}-away`);
      const { status, body } = await ask(url, "/readyz");
      expect(status).toBe(503);
      expect(body.checks).toMatchObject({
        redis: { ok: true },
        root: { ok: false, detail: expect.stringContaining(root) },
        disk: { ok: false },
      });
      expect((await ask(url, "/healthz")).status).toBe(200);
      renameSync(`${root}-away`, root);
      expect((await ask(url, "/readyz")).status).toBe(200);
    });
  });

  it("is not ready on a disk that is full", async () => {
    const root = await scratch.fresh();
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=16m", "none", root]);
    try {
      await serving(root, "full", async (url) => {
        const { status, body } = await ask(url, "/readyz");
        expect({ status, disk: body.checks.disk.ok, root: body.checks.root.ok }).toEqual({
          status: 503,
          disk: false,
          root: true,
        });
      });
    } finally {
      execFileSync("umount", [root]);
    }
  });

  it("is not ready while Redis is gone, and is again when that is back", async () => {
    await serving(await scratch.fresh(), "redisless", async (url) => {
      await redis.kill();
      const { status, body } = await ask(url, "/readyz");
      expect(status).toBe(503);
      expect(body.checks).toMatchObject({ redis: { ok: false }, root: { ok: true } });
      expect(JSON.stringify(body)).not.toContain("password");
      await redis.start();
      await expect
        .poll(async () => (await ask(url, "/readyz")).body, { timeout: 25_000 })
        .toMatchObject({
          ready: true,
          checks: { redis: { detail: "answers" }, worker: { detail: "serves" } },
        });
    });
  });
});
