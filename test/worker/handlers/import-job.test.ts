// The job `import`: whose files it reads, what it leaves, and what its record tells.

import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { uploadsInUse } from "../../../src/producer/index.js";
import { expectNothingLeft, runJob, useDock } from "../../support/dock.js";
import { digestOf, makeSmallLayout } from "../../support/images/small-layout.js";

const dock = useDock();
let layout: string;
let archive: string;
beforeAll(async () => {
  layout = join(dock.scratch, "layout");
  archive = join(dock.scratch, "layout.tgz");
  makeSmallLayout(layout);
  execFileSync("tar", ["-C", layout, "-czf", archive, "."]);
});

describe("the job import", () => {
  it("reads a directory, an archive and an upload, which is gone then, and tells the same of each", () =>
    dock.serving(async ({ producer, root }) => {
      const result = {
        format: "oci",
        images: [{ id: expect.stringMatching(/^[0-9a-f]{64}$/), names: ["web:1"], layers: 2 }],
        ...{ layersAdded: 2, layersPresent: 0, layerBytes: 15, moved: [], durationMs: expect.any(Number) },
      };
      const job = await producer.enqueue("import", { source: { path: layout } });
      expect(await producer.wait(job)).toEqual(result);
      const blobs = join(layout, "blobs/sha256");
      const bytes = readdirSync(blobs).map((name) => readFileSync(join(blobs, name)));
      // The others are documents.
      const layers = bytes.filter(([first]) => first !== 0x7b).reduce((sum, { length }) => sum + length, 0);
      expect((await producer.job(job.id))?.progress).toMatchObject({
        unit: "bytes",
        done: layers,
        total: layers,
      });
      writeFileSync(join(root, "inbox/given"), readFileSync(archive));
      const present = { ...result, layersAdded: 0, layersPresent: 2, layerBytes: 0 };
      for (const source of [{ path: archive }, { upload: "given" }]) {
        expect(await runJob(producer, "import", { source })).toEqual(present);
      }
      await vi.waitFor(() => expect(readdirSync(join(root, "inbox"))).toEqual([]));
      expect(readdirSync(join(root, "graph/:tmp:"))).toEqual([]);
    }));

  it("reads a URL, whose sha256 is checked before anything of it is read", async () => {
    const server = createServer((_request, response) => response.end(readFileSync(archive))).listen(
      0,
      "127.0.0.1",
    );
    await once(server, "listening");
    const { port } = server.address() as { port: number };
    const url = `http://localhost:${port}/web.tgz`;
    try {
      await dock.serving(
        async ({ producer, root }) => {
          const wrong = { source: { url, sha256: "0".repeat(64) } };
          await expect(runJob(producer, "import", wrong)).rejects.toMatchObject({ code: "SOURCE_MISMATCH" });
          expectNothingLeft(root);
          const right = { source: { url, sha256: digestOf(readFileSync(archive)).slice(7) } };
          expect(await runJob(producer, "import", right)).toMatchObject({ layersAdded: 2 });
        },
        { allowedHosts: [`localhost:${port}`], allowPrivateAddresses: true },
      );
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });

  it("reads no path that the worker may not read, nor a layout that leads to one", () =>
    dock.serving(async ({ producer, root }) => {
      const link = join(dock.scratch, "etc");
      symlinkSync("/etc", link);
      for (const path of ["/etc", "/etc/passwd", link, join(link, "passwd")]) {
        await expect(runJob(producer, "import", { source: { path } })).rejects.toMatchObject({
          code: "SOURCE_FORBIDDEN",
        });
      }
      const outward = join(dock.scratch, "outward");
      execFileSync("cp", ["-a", layout, outward]);
      execFileSync("rm", ["-r", join(outward, "blobs")]);
      symlinkSync(join(layout, "blobs"), join(outward, "blobs"));
      const importing = runJob(producer, "import", { source: { path: outward } });
      await expect(importing).rejects.toMatchObject({ code: "UNSAFE_ENTRY" });
      expectNothingLeft(root);
    }));

  it("fails with its source's upload gone, and is not tried again for what no time heals", () =>
    dock.serving(async ({ producer, root }) => {
      writeFileSync(join(root, "inbox/bad"), "no archive".repeat(200));
      const job = await producer.enqueue("import", { source: { upload: "bad" } });
      await expect(producer.wait(job)).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
      expect(await producer.job(job.id)).toMatchObject({ state: "failed", attempts: 1 });
      expectNothingLeft(root);
    }));

  it("is stopped by the worker's own limits", () =>
    dock.serving(
      async ({ producer, root }) => {
        const job = producer.enqueue("import", { source: { path: layout } });
        const waiting = job.then((enqueued) => producer.wait(enqueued));
        await expect(waiting).rejects.toMatchObject({
          code: "LIMIT_EXCEEDED",
          message: expect.stringContaining("--max-import-bytes"),
        });
        expectNothingLeft(root);
      },
      { limits: { maxImportBytes: 3_000 } },
    ));

  it.each([
    ["a platform that is none", { platform: "linux" }, "INVALID_JOB"],
    ["a name that is none", { name: "A B" }, "INVALID_NAME"],
  ])("is refused with %s before it is enqueued", (_, data, code) =>
    dock.serving(async ({ producer }) => {
      const job = producer.enqueue("import", { source: { path: layout }, ...data });
      await expect(job).rejects.toMatchObject({ code });
    }),
  );

  it("keeps an upload until its result is told, and takes an upload of a waiting import for named", () =>
    dock.serving(async ({ producer, root, worker }) => {
      await worker.close(0);
      writeFileSync(join(root, "inbox/waits"), readFileSync(archive));
      await producer.enqueue("import", { source: { upload: "waits" } });
      const { removeAbandonedUploads } = await import("../../../src/inbox/index.js");
      expect(await removeAbandonedUploads(join(root, "inbox"), () => uploadsInUse(producer), 0)).toEqual([]);
      expect(existsSync(join(root, "inbox/waits"))).toBe(true);
    }));
});
