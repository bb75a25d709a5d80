// The files of an image over HTTP: pages, layers, downloads whatever a file is called, differences, waste.
import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openContents, reckonWaste } from "../../../../src/contents/index.js";
import { attachment } from "../../../../src/server/api/contents/attachment.js";
import { readRange } from "../../../../src/server/api/contents/byte-range.js";
import { useDock } from "../../../support/dock.js";
import { type HttpService, servingHttp } from "../../../support/http/http-server.js";
import { layImage, withGraph } from "../../../support/images/layered-image.js";
import { shell } from "../../../support/processes/shell.js";

const dock = useDock();

/** Serves an image of two layers, and one of a third layer on the lower of them. */
async function serving(use: (service: HttpService, ids: string[]) => Promise<void>): Promise<void> {
  await servingHttp(
    dock,
    async (service) => {
      const layers = ["new", "old", "other"].map((name) => join(service.root, name));
      for (const layer of layers) mkdirSync(layer);
      const [newer = "", old = "", other = ""] = layers;
      await shell("mkdir etc; echo two > etc/version; touch etc/.wh.gone; touch many{1..30}", { cwd: newer });
      await shell(
        String.raw`mkdir etc; echo one > etc/version; echo gone > etc/gone; ln -s ../../etc/passwd outside
          ln -s etc/version link; echo '<script>alert(1)</script>' > '<img src=x onerror=alert(1)>.html'
          echo odd > "$(printf 'a"\r\nX-Evil: 1\xfc')"; head -c 3000000 /dev/urandom > large`,
        { cwd: old },
      );
      await shell("touch .wh.etc; echo other > other", { cwd: other });
      const ids = layImage(service.root, "a", [newer, old]);
      const [sibling] = layImage(service.root, "b", [other], ids[1]);
      await use(service, [...ids, sibling]);
    },
    { worker: false },
  );
}

describe("what is inside an image", () => {
  it("is listed directory by directory, in pages, by layer with what that does, and searched", async () => {
    await serving(async ({ ask }, [top, base]) => {
      const files = `/api/v1/images/${top}/files`;
      const { body } = await ask(`${files}?path=/etc`);
      expect(body).toMatchObject({
        entries: [
          {
            path: "/etc/version",
            name: "version",
            kind: null,
            type: "file",
            size: 4,
            mode: "0644",
            layer: top,
          },
        ],
        next: null,
      });
      const names: string[] = [];
      let cursor = "";
      do {
        const page = (await ask(`${files}?limit=7${cursor}`)).body;
        names.push(...page.entries.map(({ name }: { name: string }) => name));
        cursor = page.next === null ? "" : `&cursor=${page.next}`;
      } while (cursor !== "");
      expect(names).toHaveLength(36);
      expect(names.slice(0, 3)).toEqual([
        "<img src=x onerror=alert(1)>.html",
        'a"\\x0d\\x0aX-Evil: 1\\xfc',
        "etc",
      ]);

      const ofLayer = (await ask(`${files}?layer=${top?.slice(0, 2)}&path=etc`)).body.entries;
      expect(ofLayer.map(({ name, kind }: { name: string; kind: string }) => [name, kind])).toEqual([
        ["gone", "delete"],
        ["version", "modify"],
      ]);
      const found = (await ask(`${files}?search=VERS&layer=${base}`)).body.entries;
      expect(found).toMatchObject([{ path: "/etc/version", kind: "add" }]);
      for (const [query, status, code] of [
        ["path=nothing", 404, "FILE_NOT_FOUND"],
        ["path=etc/version", 409, "NOT_A_DIRECTORY"],
        ["path=../../../../root", 404, "FILE_NOT_FOUND"],
        ["layer=zz", 404, "IMAGE_NOT_FOUND"],
        ["cursor=!", 400, "INVALID_REQUEST"],
        ["limit=5000", 400, "INVALID_REQUEST"],
        ["pth=etc", 400, "INVALID_REQUEST"],
      ]) {
        expect(await ask(`${files}?${query}`)).toMatchObject({ status, body: { code } });
      }
      const { layers } = (await ask(`/api/v1/images/${top}/layers`)).body;
      expect(layers).toMatchObject([
        { layer: top, entries: 33, whiteouts: 1 },
        { layer: base, createdBy: null },
      ]);
    });
  });

  it("is downloaded as it is, by any name, in parts, and never shown by a browser", async () => {
    await serving(async ({ url, root }, [top = "", base = ""]) => {
      const ask = (path: string, headers = {}) =>
        fetch(`${url}/api/v1/images/${top}/files/${path}`, { headers });
      const plain = await ask("link");
      expect([plain.status, await plain.text()]).toEqual([200, "two\n"]);
      expect(Object.fromEntries(plain.headers)).toMatchObject({
        "content-type": "application/octet-stream",
        "content-disposition": 'attachment; filename="version"',
        "x-content-type-options": "nosniff",
        "content-length": "4",
        "accept-ranges": "bytes",
      });
      const tag = plain.headers.get("etag") ?? "";
      expect((await ask("etc%2Fversion", { "if-none-match": tag })).status).toBe(304);
      expect(await (await ask("etc/version", { range: "bytes=1-2" })).text()).toBe("wo");
      expect(await (await ask("etc/version", { range: "bytes=1-2", "if-range": '"old"' })).text()).toBe(
        "two\n",
      );
      const beyond = await ask("etc/version", { range: "bytes=9-" });
      expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, "bytes */4"]);

      const hostile = await ask(encodeURIComponent('a"\\x0d\\x0aX-Evil: 1\\xfc'));
      expect([await hostile.text(), hostile.headers.get("x-evil")]).toEqual(["odd\n", null]);
      expect(hostile.headers.get("content-disposition")).toBe(
        `attachment; filename="a__x0d_x0aX-Evil_ 1_xfc"; filename*=UTF-8''a%22%5Cx0d%5Cx0aX-Evil%3A%201%5Cxfc`,
      );
      const page = await ask(encodeURIComponent("<img src=x onerror=alert(1)>.html"));
      expect(page.headers.get("content-type")).toBe("application/octet-stream");

      const large = Buffer.from(await (await ask("large")).arrayBuffer());
      const expected = await shell(`sha256sum < ${root}/graph/${base}/layer/large`);
      expect(createHash("sha256").update(large).digest("hex")).toBe(expected.toString().slice(0, 64));
      for (const [path, status, code] of [
        ["outside", 404, "FILE_NOT_FOUND"],
        ["etc", 409, "NOT_A_FILE"],
        ["", 409, "NOT_A_FILE"],
        ["%2e%2e%2f%2e%2e%2fetc%2fpasswd", 404, "FILE_NOT_FOUND"],
        ["etc/version/x", 409, "NOT_A_DIRECTORY"],
      ] as const) {
        const refused = await ask(path);
        expect([path, refused.status, ((await refused.json()) as { code: string }).code]).toEqual([
          path,
          status,
          code,
        ]);
      }
    });
  });

  it("is downloaded by a few at a time, each of which lets its file go when its client leaves", async () => {
    await serving(async ({ url, root }, [top]) => {
      await shell(`truncate -s 200M ${root}/graph/${top}/layer/many1`);
      const begin = async () => {
        const request = get(`${url}/api/v1/images/${top}/files/many1`);
        const [response] = (await once(request, "response")) as [IncomingMessage];
        response.on("error", () => undefined);
        return response;
      };
      const most = 4 * availableParallelism();
      const begun = await Promise.all(Array.from({ length: most }, begin));
      expect(begun.map(({ statusCode }) => statusCode)).toEqual(begun.map(() => 200));
      const refused = await begin();
      expect(refused.statusCode).toBe(503);
      for (const response of begun) response.destroy();
      await expect.poll(async () => (await fetch(`${url}/api/v1/images/${top}/files/link`)).status).toBe(200);
    });
  });

  it("is compared with another image, in pages, and its waste is reckoned", async () => {
    await serving(async ({ ask, root }, [top, base, sibling]) => {
      const path = `/api/v1/images/${top}/diff/${sibling}`;
      const first = (await ask(`${path}?limit=2`)).body;
      expect(first).toMatchObject({
        changes: [
          { kind: "delete", path: "/etc", type: "directory", size: null, formerSize: 4, differs: [] },
          { kind: "delete", path: "/many1" },
        ],
        counts: { add: 1, modify: 0, delete: 31 },
      });
      const second = (await ask(`${path}?limit=1000&cursor=${first.next}`)).body;
      expect([second.changes.length, second.next]).toEqual([30, null]);
      expect((await ask(`${path}?kind=add&search=OTH`)).body.changes).toMatchObject([
        { path: "/other", size: 6 },
      ]);
      expect((await ask(`${path}?cursor=eA`)).status).toBe(400);
      expect((await ask(`/api/v1/images/${top}/diff/nobody`)).body.code).toBe("IMAGE_NOT_FOUND");

      const { body } = await ask(`/api/v1/images/${top}/waste?limit=1`);
      const expected = await withGraph(root, async (graph) =>
        reckonWaste(await openContents(graph)(top ?? ""), 1),
      );
      expect(body).toEqual(JSON.parse(JSON.stringify(expected)));
      expect(body).toMatchObject({ wastedBytes: 9, count: 2, files: [{ path: "/etc/gone", bytes: 5 }] });
      expect(body.layers.map(({ id }: { id: string }) => id)).toEqual([top, base]);
    });
  });
});

describe("a range of bytes", () => {
  it.each([
    [undefined, undefined],
    ["bytes=0-", { start: 0, end: 10 }],
    ["bytes=2-4", { start: 2, end: 5 }],
    ["bytes=2-400", { start: 2, end: 10 }],
    ["bytes=-3", { start: 7, end: 10 }],
    ["bytes=-300", { start: 0, end: 10 }],
    ["bytes=10-", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=4-2", undefined],
    ["bytes=0-1,4-5", undefined],
    ["lines=1-2", undefined],
    ["bytes=-", undefined],
  ])("%s of ten", (field, expected) => {
    expect(readRange(field, 10)).toEqual(expected);
    expect(readRange(field, 0)).toBeUndefined();
  });
});

it("an attachment's name is plain where it can be", () => {
  expect(attachment("a b.txt")).toBe('attachment; filename="a b.txt"');
  expect(attachment("ü'x")).toBe(`attachment; filename="__x"; filename*=UTF-8''%C3%BC%27x`);
});
