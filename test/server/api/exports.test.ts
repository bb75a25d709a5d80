// Exports over HTTP: made by a job, listed, fetched whole and in parts, removed.
import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { useDock } from "../../support/dock.js";
import { servingHttp } from "../../support/http/http-server.js";
import { unpackDockerGraph } from "../../support/images/docker-graph.js";
import { sha256Of, shell } from "../../support/processes/shell.js";

const dock = useDock();

const alone = { worker: false } as const;

/** Puts a file into the outbox of a root. */
function putOut(root: string, file: string, content: string): void {
  mkdirSync(join(root, "outbox/:tmp:"), { recursive: true });
  writeFileSync(join(root, "outbox", file), content);
}

describe("an export", () => {
  it("is made by a job, listed, fetched by curl in two parts, and removed", async () => {
    await servingHttp(dock, async ({ root, url, ask }) => {
      await unpackDockerGraph(root);
      expect((await ask("/api/v1/exports")).body).toEqual({ exports: [] });
      const data = { ids: ["b750"], format: "oci", file: "left.tar" };
      const { result } = (await ask("/api/v1/jobs/export?wait=60", { body: data })).body;
      expect(result).toMatchObject({ file: "left.tar", format: "oci", layers: 3 });

      const { exports } = (await ask("/api/v1/exports")).body;
      expect(exports).toEqual([{ file: "left.tar", bytes: result.bytes, createdAt: expect.any(String) }]);
      expect(Math.abs(Date.parse(exports[0].createdAt) - Date.now())).toBeLessThan(600_000);

      const there = `${url}/api/v1/exports/left.tar`;
      const fetched = join(dock.scratch, "fetched.tar");
      await shell(
        `curl -sSf -r 0-9999 -o '${fetched}' '${there}' && curl -sSf -C - -o '${fetched}' '${there}'`,
      );
      expect(sha256Of(await shell(`sha256sum '${fetched}'`))).toBe(result.digest);

      // The download has been noted, which lets the export stay longer, and is in no list.
      expect(readdirSync(join(root, "outbox")).sort()).toEqual([".left.tar.fetched", ":tmp:", "left.tar"]);
      expect((await ask("/api/v1/exports")).body.exports).toHaveLength(1);

      expect((await ask("/api/v1/exports/left.tar", { method: "DELETE" })).status).toBe(204);
      expect(readdirSync(join(root, "outbox"))).toEqual([":tmp:"]);
      expect(await ask("/api/v1/exports/left.tar", { method: "DELETE" })).toMatchObject({
        status: 404,
        body: { code: "NOT_FOUND" },
      });
    });
  });
});

describe("GET /api/v1/exports/{file}", () => {
  it("tells what it is, and answers a client that has it already without a body", async () => {
    await servingHttp(
      dock,
      async ({ root, url, ask }) => {
        putOut(root, "a.html", "0123456789");
        const { headers, body, status } = await ask("/api/v1/exports/a.html");
        expect({ status, body }).toEqual({ status: 200, body: "0123456789" });
        expect(Object.fromEntries(headers)).toMatchObject({
          "content-type": "application/x-tar",
          "content-length": "10",
          "accept-ranges": "bytes",
          "content-disposition": 'attachment; filename="a.html"',
          "cache-control": "no-cache",
        });
        const etag = headers.get("etag") ?? "";
        // fetch would ask past caches as soon as it is given that header.
        const code = await shell(
          `curl -s -H 'If-None-Match: ${etag}' -w '%{http_code}' '${url}/api/v1/exports/a.html'`,
        );
        expect(String(code)).toBe("304");
        const head = await ask("/api/v1/exports/a.html", { method: "HEAD" });
        expect([head.status, head.headers.get("content-length"), head.body]).toEqual([200, "10", ""]);
      },
      alone,
    );
  });

  it("answers with a part, and refuses one that there is not", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        putOut(root, "a.tar", "abcdefghij");
        const part = await ask("/api/v1/exports/a.tar", { headers: { range: "bytes=2-4" } });
        expect([part.status, part.headers.get("content-range"), part.body]).toEqual([
          206,
          "bytes 2-4/10",
          "cde",
        ]);
        const beyond = await ask("/api/v1/exports/a.tar", { headers: { range: "bytes=10-" } });
        expect(beyond).toMatchObject({ status: 416, body: { status: 416, code: "INVALID_REQUEST" } });
        const stale = { range: "bytes=2-4", "if-range": '"another"' };
        expect((await ask("/api/v1/exports/a.tar", { headers: stale })).status).toBe(200);
      },
      alone,
    );
  });

  it("has nothing to give but the outbox's own files", async () => {
    await servingHttp(
      dock,
      async ({ root, ask }) => {
        putOut(root, "a.tar", "");
        writeFileSync(join(root, "secret"), "secret");
        symlinkSync(join(root, "secret"), join(root, "outbox/link.tar"));
        for (const name of ["..%2fsecret", ":tmp:", ".", ".hidden", "%2e%2e"]) {
          expect([400, 404], name).toContain((await ask(`/api/v1/exports/${name}`)).status);
        }
        expect(await ask("/api/v1/exports/none.tar")).toMatchObject({
          status: 404,
          body: { code: "NOT_FOUND" },
        });
        expect((await ask("/api/v1/exports/link.tar")).status).toBe(404);
        expect(readFileSync(join(root, "secret"), "utf8")).toBe("secret");
      },
      alone,
    );
  });
});

it("whoever may only look may fetch exports, and not remove them", async () => {
  const tokens = [{ role: "read", secret: "read-0123456789abcdef" }] as const;
  await servingHttp(
    dock,
    async ({ root, ask }) => {
      putOut(root, "a.tar", "a");
      const headers = { authorization: `Bearer ${tokens[0].secret}` };
      expect((await ask("/api/v1/exports/a.tar", { headers })).status).toBe(200);
      expect((await ask("/api/v1/exports/a.tar", { headers, method: "DELETE" })).status).toBe(403);
      expect((await ask("/api/v1/exports")).status).toBe(401);
      expect((await ask("/api/v1/exports/a.tar")).status).toBe(401);
    },
    { ...alone, server: { tokens } },
  );
});
