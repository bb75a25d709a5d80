// What is inside an image that was made by hand: paths that lead about, names of any bytes, files, waste, many entries.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import {
  diffImages,
  entryAt,
  type ImageContents,
  layerAt,
  listEntries,
  listPage,
  openContents,
  openFile,
  readSpelling,
  reckonWaste,
  spell,
} from "../../src/contents/index.js";
import { openLayerTrees } from "../../src/contents/layer-trees.js";
import { collect } from "../support/collect.js";
import { addManifest, layImage, withGraph } from "../support/images/layered-image.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { foundEntries, shownEntries } from "../support/trees/shown-entries.js";

const scratch = useScratchDirectory({ inMemory: true });

/** Makes an image of layers, topmost first, each by lines of bash, and opens it. */
function image(...scripts: string[]) {
  return imageNamed("a", ...scripts);
}

async function imageNamed(name: string, ...scripts: string[]) {
  const directory = await scratch.fresh();
  const layers = scripts.map((_, number) => join(directory, `${number}`));
  for (const [number, script] of scripts.entries()) {
    mkdirSync(layers[number] ?? "");
    await shell(`set -eu; umask 022; ${script}`, { cwd: layers[number] ?? "", locale: "C" });
  }
  const root = join(directory, "root");
  const ids = layImage(root, name, layers);
  return { root, ids, contents: await withGraph(root, (graph) => openContents(graph)(ids[0])) };
}

async function textAt(contents: ImageContents, path: string): Promise<string> {
  await using file = await openFile(contents, path);
  return Buffer.concat(await collect(file.read())).toString();
}

describe("a path as text", () => {
  test("reads back as the bytes it was, and shows nothing that moves a terminal", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), (bytes) => {
        const name = Buffer.from(bytes).toString("latin1");
        expect(readSpelling(spell(name))).toBe(name);
        expect(spell(name)).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]*$/u);
      }),
    );
    const spelled = {
      "\xfc": "\\xfc",
      "\xc3\xbc": "ü",
      "a\nb\\c": "a\\x0ab\\\\c",
      "\xe2\x80\xae": "\\xe2\\x80\\xae",
      "<img onerror=x>": "<img onerror=x>",
    };
    for (const [name, text] of Object.entries(spelled)) expect(spell(name)).toBe(text);
    expect(readSpelling("back\\slash \\\\ \\x2")).toBe("back\\slash \\ \\x2");
  });
});

describe("an image", () => {
  let made: Awaited<ReturnType<typeof image>>;
  beforeAll(async () => {
    made = await image(
      "mkdir -p etc; echo two > etc/version; touch etc/.wh.gone; ln -s ../../../../etc/version up; ln -s /etc etcetera",
      String.raw`mkdir -p etc var/lib; echo one > etc/version; echo gone > etc/gone; ln -s b a; ln -s a b
        ln -s /etc/passwd outside; ln -s ../../../../../../etc/passwd outside-too; mkfifo pipe; echo x > var/lib/"$(printf 'n\nl')"
        echo y > "$(printf 'not-\xfc-utf8')"; echo z > '<img src=x onerror=alert(1)>'; ln var/lib/n* var/hard`,
    );
  });

  test("gives a file wherever links lead within it, and nothing outside of it", async () => {
    const { contents } = made;
    for (const path of ["etc/version", "/etc/version", "//etc/./version", "up", "etcetera/version"]) {
      expect(await textAt(contents, path)).toBe("two\n");
    }
    expect(await textAt(contents, "../../etc/../../etcetera/../etc/version")).toBe("two\n");
    expect(await textAt(contents, readSpelling("/var/lib/n\\x0al"))).toBe("x\n");
    expect(await textAt(contents, "not-\xfc-utf8")).toBe("y\n");
    const refusals = {
      "etc/gone": "FILE_NOT_FOUND",
      outside: "FILE_NOT_FOUND",
      "outside-too": "FILE_NOT_FOUND",
      "../../../../etc/passwd": "FILE_NOT_FOUND",
      a: "NOT_A_FILE",
      etc: "NOT_A_FILE",
      "": "NOT_A_FILE",
      pipe: "NOT_A_FILE",
      "etc/version/": "NOT_A_DIRECTORY",
      "etc/version/x": "NOT_A_DIRECTORY",
    };
    for (const [path, code] of Object.entries(refusals)) {
      await expect(openFile(contents, path), path).rejects.toMatchObject({ code });
    }
  });

  test("lists a directory page by page, a layer with what it does, and what a search finds", async () => {
    const { contents, ids } = made;
    const all = await collect(listEntries(contents, { isRecursive: true }));
    const paged: string[] = [];
    let after: string | undefined;
    do {
      const page = await listPage(contents, { isRecursive: true, after, limit: 1 });
      paged.push(...page.entries.map(({ path }) => path));
      after = page.next;
    } while (after !== undefined);
    expect(paged).toEqual(all.map(({ entry }) => entry.path));

    const kinds = async (layer: string, path: string) =>
      (await listPage(contents, { layer, path, limit: 9 })).entries.map(({ name, kind }) => [name, kind]);
    expect(await kinds(ids[0], "etc")).toEqual([
      ["gone", "delete"],
      ["version", "modify"],
    ]);
    expect(await kinds(ids[1] ?? "", "/var/")).toEqual([
      ["hard", "add"],
      ["lib", "add"],
    ]);
    const found = await listPage(contents, { search: "VERSION", isRecursive: true, limit: 9 });
    expect(found.entries).toMatchObject([{ path: "/etc/version", kind: null, layer: ids[0] }]);
    expect(entryAt(contents, "var/hard", false)).toMatchObject({ links: 2, size: 2, type: "file" });
    expect(entryAt(contents, "etcetera", false)).toMatchObject({ type: "symlink", target: "/etc" });
    expect(entryAt(contents, "etcetera/", false)).toMatchObject({ type: "directory", path: "/etc" });
    expect(() => layerAt(contents, "ff")).toThrow(/no layer/);
    expect(() => layerAt(contents, "a")).toThrow(/several layers/);
    await expect(listPage(contents, { layer: "a1", path: "var", limit: 9 })).rejects.toMatchObject({
      code: "FILE_NOT_FOUND",
    });
  });

  test("never gives what a link leads to that was put into its layer later", async () => {
    const { root, contents, ids } = await image("mkdir -p dir; echo mine > dir/file; echo mine > file");
    const layer = join(root, "graph", ids[0], "layer");
    renameSync(join(layer, "dir"), join(root, "moved"));
    symlinkSync(join(root, "moved"), join(layer, "dir"));
    rmSync(join(layer, "file"));
    symlinkSync("/etc/hostname", join(layer, "file"));
    for (const path of ["dir/file", "file"]) {
      await expect(openFile(contents, path)).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    }
  });

  test("wastes what later layers hide; an opaque directory and a deleted one do not count for dive", async () => {
    const fill = (bytes: number, name: string) =>
      `mkdir -p $(dirname ${name}); head -c ${bytes} /dev/zero > ${name};`;
    const { contents, ids } = await image(
      `${fill(10, "opaque/new")} touch opaque/.wh..wh..opq .wh.deleted`,
      `${fill(30, "replaced")} touch .wh.file`,
      `${fill(100, "replaced")} ${fill(1_000, "file")} ${fill(10_000, "deleted/a")} ln deleted/a deleted/b
        ${fill(100_000, "opaque/old")} ${fill(1_000_000, "kept")}`,
    );
    const waste = await reckonWaste(contents, 3);
    expect(waste).toMatchObject({
      wastedBytes: 111_100,
      totalBytes: 1_111_140,
      count: 4,
      files: [
        { path: "/opaque/old", bytes: 100_000, times: 1, isGone: true },
        { path: "/deleted/a", bytes: 10_000, times: 1, isGone: true },
        { path: "/file", bytes: 1_000, times: 1, isGone: true },
      ],
      layers: [
        { id: ids[0], bytes: 10, wastedBytes: 0 },
        { id: ids[1], bytes: 30, wastedBytes: 0 },
        { id: ids[2], bytes: 1_111_100, wastedBytes: 111_100 },
      ],
    });
    // Leaves: replaced 100 and 30, file 1,000 and nothing, the others once; the deletion of a directory as it was large.
    const once = 10_000 + 10_000 + 100_000 + 1_000_000 + 10;
    expect(waste.efficiency).toBeCloseTo((once + 30) / (once + 130 + 1_000), 12);
    // What dive's own filetree.Efficiency says of the tars of these layers.
    expect(waste.efficiency).toBeCloseTo(0.999018855807482, 12);
  });

  test("reads the bytes where neither size nor manifest tells two files apart", async () => {
    const touch = "touch -d @1400000000 *; touch -d @1400000000 .";
    const one = await image(`echo same > same; echo aaaa > other; echo a > attribute; ${touch}`);
    const other = await imageNamed(
      "b",
      `echo same > same; echo bbbb > other; echo a > attribute; setfattr -n user.k -v 1 attribute; ${touch}`,
    );
    const expected = [
      { kind: "modify", path: "/attribute", differs: ["xattr"], size: 2, formerSize: 2 },
      { kind: "modify", path: "/other", differs: ["content"], size: 5, formerSize: 5 },
    ];
    expect((await diffImages(one.contents, other.contents)).changes).toMatchObject(expected);
    const opened = async ({ root, ids }: typeof one) =>
      withGraph(root, async (graph) => {
        await addManifest(graph, ids[0]);
        return openContents(graph)(ids[0]);
      });
    const [before, after] = [await opened(one), await opened(other)];
    for (const { root, ids } of [one, other])
      rmSync(join(root, "graph", ids[0], "layer"), { recursive: true });
    expect((await diffImages(before, after)).changes).toMatchObject(expected);
  });

  test("of 100,000 entries is listed, searched, compared and reckoned in a moment", async () => {
    const many = "mkdir -p $(seq -f d%g 400); for d in d*; do (cd $d; touch $(seq -f f%g 249)); done";
    const directory = await scratch.fresh();
    const [big, other] = [join(directory, "big"), join(directory, "other")];
    for (const path of [big, other]) mkdirSync(path);
    await shell(many, { cwd: big });
    writeFileSync(join(other, ".wh.d7"), "");
    const root = join(directory, "root");
    const ids = layImage(root, "b", [other, big]);
    const tree = await foundEntries(join(root, "graph", ids[1] ?? "", "layer"));
    await withGraph(root, async (graph) => {
      const begun = performance.now();
      const open = openContents(graph);
      const base = await open(ids[1] ?? "");
      const top = await open(ids[0]);
      const entries = await collect(listEntries(base, { isRecursive: true }));
      const page = await listPage(top, { path: "d399", limit: 100 });
      const found = await listPage(top, { search: "d400/f24", isRecursive: true, limit: 100 });
      const { changes } = await diffImages(base, top);
      const waste = await reckonWaste(top, 10);
      const seconds = (performance.now() - begun) / 1_000;
      expect(entries).toHaveLength(100_000);
      expect(shownEntries(entries.map(({ entry }) => entry))).toEqual(tree);
      expect(page.entries).toHaveLength(100);
      expect(found.entries).toHaveLength(11);
      expect(changes).toMatchObject([{ kind: "delete", path: "/d7", formerSize: 0 }]);
      expect(waste).toMatchObject({ efficiency: 1, wastedBytes: 0 });
      expect(seconds).toBeLessThan(20);
    });
  });

  test("is kept in memory up to a bound, and read anew when its files change", async () => {
    const { root, ids } = await image("touch a b c", "touch d");
    await withGraph(root, async (graph) => {
      const [top, base] = [await graph.get(ids[0]), await graph.get(ids[1] ?? "")];
      await new Promise((resolve) => setTimeout(resolve, 25));
      const read = openLayerTrees(graph, undefined, 3);
      const first = await read(top);
      expect(await read(top)).toBe(first);
      await read(base);
      expect(await read(top)).not.toBe(first);
      const again = await read(top);
      writeFileSync(join(top.layerDirectory, "e"), "");
      expect((await read(top)).entries).toBe(again.entries + 1);
    });
  });
});
