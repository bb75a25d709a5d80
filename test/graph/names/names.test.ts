// The names of images, in the file `repositories` as Docker 0.3 wrote it.

import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../../src/graph/index.js";
import { dockerImages, unpackDockerGraph } from "../../support/images/docker-graph.js";
import { addImage } from "../../support/images/made-images.js";
import { removeImage } from "../../support/images/remove-image.js";
import { bundle, startNode } from "../../support/processes/node-process.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
const { base, middle, left, right } = dockerImages;

/** What Docker 0.3 writes: `json.Marshal` of a TagStore, of which only `Repositories` is exported. */
const written = `{"Repositories":{"10":{"2":"${base}"},"9":{"1":"${base}","10":"${base}"},"base":{"latest":"${middle}","v1":"${left}"}}}`;

function pathOf({ root }: { readonly root: string }): string {
  return join(root, "repositories");
}

async function dockerGraph(content?: string | Buffer): Promise<Graph> {
  const root = await scratch.fresh();
  await unpackDockerGraph(root);
  if (content !== undefined) writeFileSync(pathOf({ root }), content, { mode: 0o600 });
  return openGraph(root);
}

/** A graph of images without content, which have the ids `i0`, `i1` … */
async function emptyImages(count: number): Promise<Graph> {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  for (let n = 0; n < count; n += 1) mkdirSync(join(graph.directory, `i${n}`));
  return graph;
}

const names = (given: Readonly<Record<string, string>>) => new Map(Object.entries(given));

/** The file as another program reads it. */
async function readByPython(graph: Graph): Promise<unknown> {
  const program = "import json,sys; json.dump(json.load(open(sys.argv[1])), sys.stdout)";
  return JSON.parse((await execa("python3", ["-c", program, pathOf(graph)])).stdout);
}

describe("the file that Docker 0.3 wrote", () => {
  it("gives the images their names", async () => {
    const graph = await dockerGraph(written);
    expect([...(await graph.names.all())]).toEqual([
      ["10:2", base],
      ["9:1", base],
      ["9:10", base],
      ["base:latest", middle],
      ["base:v1", left],
    ]);
    expect(await graph.names.byImage()).toEqual(
      new Map([
        [base, ["10:2", "9:1", "9:10"]],
        [middle, ["base:latest"]],
        [left, ["base:v1"]],
      ]),
    );
  });

  it("is written as that writes it, to the byte", async () => {
    const graph = await dockerGraph(written);
    await graph.names.set(names({ "base:v1": right }));
    await graph.names.set(names({ "base:v1": left }));
    expect(readFileSync(pathOf(graph), "utf8")).toBe(written);
    expect(statSync(pathOf(graph)).mode & 0o7777).toBe(0o600);
  });

  it("keeps its other fields, and names that no new one may be", async () => {
    const content = { Future: [{ deep: 1 }], Repositories: { "Odd Name": { "a tag": left } }, 7: null };
    const graph = await dockerGraph(JSON.stringify(content));
    expect(await graph.names.lookup("Odd Name:a tag")).toBe(left);
    await graph.names.set(names({ web: right }));
    const both = { "Odd Name": { "a tag": left }, web: { latest: right } };
    expect(await readByPython(graph)).toEqual({ ...content, Repositories: both });
    await graph.names.remove(["Odd Name:a tag"]);
    expect(await readByPython(graph)).toEqual({ ...content, Repositories: { web: { latest: right } } });
  });

  it.each([
    ["null", '{"Repositories":null}'],
    ["a repository that is null", '{"Repositories":{"a":null}}'],
    ["no field at all", "{}"],
  ])("may hold %s, which is no name", async (_, content) => {
    const graph = await dockerGraph(content);
    expect(await graph.names.all()).toEqual(new Map());
    await graph.names.set(names({ web: left }));
    expect(await graph.names.all()).toEqual(names({ "web:latest": left }));
  });

  it("need not be there, and is made by the first name", async () => {
    const graph = await dockerGraph();
    expect(await graph.names.all()).toEqual(new Map());
    expect(await graph.names.remove(["web"])).toEqual(new Map());
    expect(existsSync(pathOf(graph))).toBe(false);
    await graph.names.set(names({ "web:1": left }));
    expect(await readByPython(graph)).toEqual({ Repositories: { web: { 1: left } } });
    expect(readdirSync(graph.root).sort()).toEqual(["checksums", "graph", "leases", "repositories"]);
  });

  it("is written without a field that a name of Object's could be taken for", async () => {
    const graph = await dockerGraph('{"Repositories":{"__proto__":{"constructor":"x"}}}');
    expect([...(await graph.names.all())]).toEqual([["__proto__:constructor", "x"]]);
    await graph.names.set(names({ constructor: left }));
    expect(readFileSync(pathOf(graph), "utf8")).toBe(
      `{"Repositories":{"__proto__":{"constructor":"x"},"constructor":{"latest":"${left}"}}}`,
    );
  });
});

describe("a damaged file", () => {
  const damages: [string, (path: string) => void][] = [
    ["that is empty", (path) => writeFileSync(path, "")],
    ["that is cut off", (path) => writeFileSync(path, written.slice(0, -9))],
    ["with a byte order mark", (path) => writeFileSync(path, `\ufeff${written}`)],
    [
      "that is no UTF-8",
      (path) => writeFileSync(path, Buffer.from(written.replace("base", "b\xffse"), "latin1")),
    ],
    ["of another form", (path) => writeFileSync(path, "[]")],
    ["whose names are no object", (path) => writeFileSync(path, '{"Repositories":[]}')],
    ["with a repository that is none", (path) => writeFileSync(path, '{"Repositories":{"a":"b"}}')],
    ["with an id that is none", (path) => writeFileSync(path, '{"Repositories":{"a":{"b":7}}}')],
    ["that is a directory", (path) => mkdirSync(path)],
    ["that is a link", (path) => symlinkSync("checksums", path)],
    [
      "that is too large",
      (path) => {
        writeFileSync(path, "{");
        truncateSync(path, 64 * 1024 * 1024 + 1);
      },
    ],
    ["nested without end", (path) => writeFileSync(path, `{"a":${"[".repeat(100_000)}`)],
  ];

  it.each(damages)(
    "%s is named to whoever needs names, while ids serve, and is left alone",
    async (_, make) => {
      const graph = await dockerGraph();
      make(pathOf(graph));
      const refusal = { code: "IMAGE_BROKEN", message: expect.stringContaining(pathOf(graph)) };
      await expect(graph.names.all()).rejects.toMatchObject(refusal);
      await expect(graph.names.byImage()).rejects.toMatchObject(refusal);
      await expect(graph.names.lookup("base")).rejects.toMatchObject(refusal);
      await expect(graph.names.set(names({ a: left }))).rejects.toMatchObject(refusal);
      await expect(graph.names.remove(["a"])).rejects.toMatchObject(refusal);
      await expect(graph.resolve("base:v1")).rejects.toMatchObject(refusal);
      // It might have been a name.
      await expect(graph.resolve(left.slice(0, 12))).rejects.toMatchObject(refusal);
      const before = statSync(pathOf(graph), { bigint: true });
      expect((await graph.get(left)).id).toBe(left);
      expect(statSync(pathOf(graph), { bigint: true })).toMatchObject({
        ino: before.ino,
        mtimeNs: before.mtimeNs,
      });
    },
  );

  it("keeps no image from being deleted", async () => {
    const graph = await dockerGraph("{");
    expect(await removeImage(graph, left)).toBe(left);
    expect(await graph.exists(left)).toBe(false);
    expect(readFileSync(pathOf(graph), "utf8")).toBe("{");
  });

  it("serves again once it is whole", async () => {
    const graph = await dockerGraph("{");
    await expect(graph.names.all()).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    writeFileSync(pathOf(graph), written);
    expect(await graph.resolve("base:v1")).toBe(left);
  });
});

describe("a fifo in the file's place", () => {
  it("is not waited for", async () => {
    const graph = await dockerGraph();
    await execa("mkfifo", [pathOf(graph)]);
    await expect(graph.names.all()).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    await expect(graph.names.set(names({ a: left }))).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
  });
});

describe("setting names", () => {
  it("tells what those that moved stood for", async () => {
    const graph = await emptyImages(3);
    expect(await graph.names.set(names({ a: "i0", "b:1": "i1" }))).toEqual(new Map());
    expect(await graph.names.set(names({ "a:latest": "i2", "b:1": "i1", c: "i2" }))).toEqual(
      names({ "a:latest": "i0" }),
    );
    expect(await graph.names.all()).toEqual(names({ "a:latest": "i2", "b:1": "i1", "c:latest": "i2" }));
  });

  it.each([
    ["INVALID_NAME", { fine: "i0", "a//b": "i0" }],
    ["INVALID_ID", { fine: "i0", a: "../i0" }],
    ["IMAGE_NOT_FOUND", { fine: "i0", a: "i9" }],
  ])("sets none where one is %s", async (code, given) => {
    const graph = await emptyImages(1);
    await expect(graph.names.set(names(given))).rejects.toMatchObject({ code });
    expect(existsSync(pathOf(graph))).toBe(false);
  });

  it("writes nothing where all are as they should be", async () => {
    const graph = await emptyImages(1);
    await graph.names.set(names({ a: "i0" }));
    const { ino } = statSync(pathOf(graph));
    expect(await graph.names.set(names({ a: "i0" }))).toEqual(new Map());
    expect(await graph.names.remove(["b"])).toEqual(new Map());
    expect(statSync(pathOf(graph)).ino).toBe(ino);
  });

  it("refuses more than the file may hold, and leaves it as it is", async () => {
    const graph = await emptyImages(1);
    const other = JSON.stringify({ Repositories: {}, Other: "x".repeat(64 * 1024 * 1024 - 60) });
    writeFileSync(pathOf(graph), other);
    const many = names(Object.fromEntries([..."abcdef"].map((tag) => [`a:${tag}`, "i0"])));
    await expect(graph.names.set(many)).rejects.toMatchObject({ code: "LIMIT_EXCEEDED" });
    expect(statSync(pathOf(graph)).size).toBe(other.length);
  });
});

describe("a reference", () => {
  it("is an id before it is a name, and a name before it is the beginning of an id", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    for (const id of ["abc", "abcd1", "other"]) await addImage(graph, { id });
    await graph.names.set(names({ abc: "other", abcd: "other", "abcd:2": "abc" }));
    expect(await graph.resolve("abc")).toBe("abc");
    expect(await graph.resolve("abc:latest")).toBe("other");
    expect(await graph.resolve("abcd")).toBe("other");
    expect(await graph.resolve("abcd:2")).toBe("abc");
    expect(await graph.resolve("abcd1")).toBe("abcd1");
    expect(await graph.resolve("oth")).toBe("other");
    expect((await graph.get("abcd:2")).id).toBe("abc");
    expect((await graph.history("abcd")).map(({ id }) => id)).toEqual(["other"]);
  });

  it("that is no name of an image is not found", async () => {
    const graph = await dockerGraph(
      JSON.stringify({ Repositories: { gone: { latest: "x" }, b7: { "1": "../b" } } }),
    );
    await expect(graph.resolve("library/none:1")).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
      message: 'there is no image "library/none:1"',
    });
    await expect(graph.resolve("gone")).rejects.toMatchObject({
      code: "IMAGE_NOT_FOUND",
      message: 'there is no image "x", which the name "gone" stands for',
    });
    await expect(graph.resolve("b7:1")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    // Not the image whose id begins so: the name is taken.
    await expect(graph.resolve("b7:2")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
    expect(await graph.resolve("b7")).toBe(left);
  });

  it.each(["../x", "a/../b", "", "a b", "/etc/passwd", "busyBox:1", "a:b:c", `a@sha256:${"0".repeat(64)}`])(
    "%s is neither an id nor a name",
    async (text) => {
      const graph = await dockerGraph(written);
      await expect(graph.resolve(text)).rejects.toMatchObject({ code: "INVALID_ID" });
    },
  );
});

describe("an image that is deleted", () => {
  it("takes its names with it, and leaves those of others", async () => {
    const graph = await dockerGraph(written);
    await graph.names.set(names({ "left:a": left, "left:b": left }));
    await removeImage(graph, "left:a");
    const all = await graph.names.all();
    expect([...all.keys()]).toEqual(["10:2", "9:1", "9:10", "base:latest"]);
    expect(await readByPython(graph)).toEqual({
      Repositories: { 10: { 2: base }, 9: { 1: base, 10: base }, base: { latest: middle } },
    });
  });

  it("keeps them where it is not deleted", async () => {
    const graph = await dockerGraph(written);
    await expect(removeImage(graph, "base")).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
    expect(await graph.resolve("base")).toBe(middle);
  });

  it("is given no name while it goes", async () => {
    const graph = await emptyImages(10);
    const other = await openGraph(graph.root);
    const ids = Array.from({ length: 10 }, (_, n) => `i${n}`);
    await Promise.all(
      ids.flatMap((id) => [
        graph.names.set(names({ [id]: id })).catch((error: unknown) => {
          expect(error).toMatchObject({ code: "IMAGE_NOT_FOUND" });
        }),
        removeImage(other, id),
      ]),
    );
    expect(await graph.names.all()).toEqual(new Map());
  });
});

describe("several processes", () => {
  let module: string;
  beforeAll(async () => {
    module = await bundle("graph/index.ts");
  });

  it("lose none of each other's names", async () => {
    const graph = await emptyImages(1);
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const [, , root, part] = process.argv;
      const graph = await openGraph(root);
      for (let n = 0; n < 8; n += 1) {
        await graph.names.set(new Map([["p" + part + ":" + n, "i0"]]));
        if (n % 2 === 1) await graph.names.remove(["p" + part + ":" + n]);
      }
      await graph.close();`;
    await Promise.all([0, 1, 2].map((part) => startNode(program, module, graph.root, String(part))));
    const left = [0, 1, 2].flatMap((part) => [0, 2, 4, 6].map((n) => [`p${part}:${n}`, "i0"]));
    expect(await graph.names.all()).toEqual(new Map(left as [string, string][]));
  });

  it("that had the file open see each other's changes, whatever they are", async () => {
    const name = fc.constantFrom(
      "a",
      "a:1",
      "b/c",
      "b/c:2",
      "h.x:5000/d",
      "proto__x",
      "constructor:1",
      "10",
      "9:9",
    );
    const change = fc.oneof(
      fc.record({
        kind: fc.constant("set" as const),
        by: fc.nat(1),
        given: fc.uniqueArray(fc.tuple(name, fc.constantFrom("i0", "i1", "i2")), {
          selector: ([each]) => each,
          maxLength: 3,
        }),
      }),
      fc.record({
        kind: fc.constant("remove" as const),
        by: fc.nat(1),
        given: fc.uniqueArray(name, { maxLength: 3 }),
      }),
    );
    const root = (await emptyImages(3)).root;
    const canonical = (each: string) =>
      each.includes(":", each.lastIndexOf("/") + 1) ? each : `${each}:latest`;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { maxLength: 8 }), async (changes) => {
        writeFileSync(pathOf({ root }), '{"Repositories":{},"Kept":{"a":[1]}}');
        const openers = [await openGraph(root), await openGraph(root)] as const;
        const model = new Map<string, string>();
        for (const { kind, by, given } of changes) {
          const { names } = openers[by] as Graph;
          if (kind === "set") {
            const moved = new Map<string, string>();
            for (const [each, id] of given) {
              const before = model.get(canonical(each));
              if (before !== undefined && before !== id) moved.set(canonical(each), before);
              model.set(canonical(each), id);
            }
            expect(await names.set(new Map(given))).toEqual(moved);
          } else {
            const removed = new Map<string, string>();
            for (const each of given) {
              const before = model.get(canonical(each));
              if (before !== undefined) removed.set(canonical(each), before);
              model.delete(canonical(each));
            }
            expect(await names.remove(given)).toEqual(removed);
          }
          for (const { names } of openers) expect(await names.all()).toEqual(model);
        }
        const content = JSON.parse(readFileSync(pathOf({ root }), "utf8"));
        expect(content.Kept).toEqual({ a: [1] });
        const flat = Object.entries<Record<string, string>>(content.Repositories).flatMap(
          ([repository, tags]) =>
            Object.entries(tags).map(([tag, id]) => [`${repository}:${tag}`, id] as const),
        );
        expect(new Map(flat)).toEqual(model);
      }),
      { numRuns: 20 },
    );
  });
});
