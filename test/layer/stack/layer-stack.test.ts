import { mkdir, readdir, readFile, readlink, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  isSeen,
  readStackDirectory,
  type StackPath,
  stackRoot,
  walkStack,
} from "../../../src/layer/stack/layer-stack.js";
import { collect } from "../../support/collect.js";
import { runs } from "../../support/processes/runs.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import {
  candidatePaths,
  isAt,
  mergeStack,
  randomStacks,
  writeStack,
} from "../../support/trees/random-layer-stacks.js";

const scratch = useScratchDirectory();

/** Makes layers, topmost first, each by lines of bash in a directory of its own. */
async function layersOf(...scripts: string[]): Promise<string[]> {
  const directory = await scratch.fresh();
  const paths = scripts.map((_, number) => join(directory, `${number}`));
  for (const [number, script] of scripts.entries()) {
    await mkdir(join(directory, `${number}`));
    await shell(`set -eu; ${script}`, { cwd: paths[number] ?? "", locale: "C" });
  }
  return paths;
}

const walk = (layers: readonly string[]): Promise<StackPath[]> => collect(walkStack(stackRoot(layers)));
const pathsOf = async (layers: readonly string[]) => (await walk(layers)).map(({ path }) => path);

describe("a stack of layers", () => {
  test("is the tree that they leave when each is unpacked over those below it", async () => {
    await fc.assert(
      fc.asyncProperty(randomStacks, async (items) => {
        const layers = await writeStack(await scratch.fresh(), items);
        const tree = await scratch.fresh();
        await mergeStack(layers, tree);
        const seen = await walk(layers);

        const listed = await shell(`find . -mindepth 1 -printf '%P\\0' | LC_ALL=C sort -z`, { cwd: tree });
        expect(seen.map(({ path }) => path).sort()).toEqual(
          listed.toString("latin1").split("\0").slice(0, -1),
        );
        for (const { path, isDirectory, parts } of seen) {
          const [ours, theirs] = [parts[0].path.toString(), join(tree, path)];
          if (isDirectory) expect(await pathsBelow(parts)).toEqual((await readdir(theirs)).sort());
          else expect(await contentOf(ours)).toBe(await contentOf(theirs));
        }
        for (const path of candidatePaths())
          expect([path, isSeen(layers, path)]).toEqual([path, isAt(tree, path)]);
      }),
      { numRuns: runs(10) },
    );
  });

  test("is walked in the order of bytes, each directory before what lies in it", async () => {
    const layers = await layersOf(
      "mkdir b a; touch b/2 a-c",
      String.raw`mkdir a b; touch a/x b/1 "$(printf '\xff')" ' z'`,
    );
    expect(await pathsOf(layers)).toEqual([" z", "a", "a/x", "a-c", "b", "b/1", "b/2", "\xff"]);
  });

  test("of no layers, or of empty ones, is empty", async () => {
    expect(await walk([])).toEqual([]);
    expect(await walk(await layersOf("", ""))).toEqual([]);
    expect(isSeen([], "a")).toBe(false);
  });

  test("has names of any bytes", async () => {
    const odd = String.raw`touch "$(printf '\xff\xfe')" "$(printf 'new\nline')" 'back\slash' ' blank ' ./-rf naïve`;
    const layers = await layersOf(`mkdir d; touch ".wh.naïve"`, `mkdir d; cd d; ${odd}`, odd);
    const expected = [" blank ", "-rf", "back\\slash", "new\nline", "\xff\xfe"];
    const naïve = Buffer.from("naïve").toString("latin1");
    const inside = [...expected, naïve].sort().map((name) => `d/${name}`);
    expect((await pathsOf(layers)).sort()).toEqual(["d", ...expected, ...inside].sort());
    for (const path of [...expected, ...inside]) expect(isSeen(layers, path)).toBe(true);
    expect(isSeen(layers, naïve)).toBe(false);
  });

  test("tells of each name in which layers it lies: of a file the topmost, of a directory all that are seen", async () => {
    const layers = await layersOf(
      "mkdir both; touch both/top file",
      "mkdir both; touch both/middle file",
      "mkdir both; touch both/.wh..wh..opq",
      "mkdir both; touch both/hidden file",
    );
    const root = await readStackDirectory(stackRoot(layers));
    const part = (layer: number, path: string) => ({ layer, path: Buffer.from(`${layers[layer]}/${path}`) });
    expect([...root]).toEqual([
      [
        "both",
        expect.objectContaining({ isDirectory: true, parts: [0, 1, 2, 3].map((n) => part(n, "both")) }),
      ],
      ["file", expect.objectContaining({ isDirectory: false, parts: [part(0, "file")] })],
    ]);
    expect(await pathsOf(layers)).toEqual(["both", "both/middle", "both/top", "file"]);
  });
});

describe("a whiteout", () => {
  test("deletes the name behind its prefix of the layers below, and no other", async () => {
    const layers = await layersOf(
      "mkdir etc; touch etc/.wh.hostname",
      "mkdir etc; touch etc/hostname etc/ostname",
    );
    expect(await pathsOf(layers)).toEqual(["etc", "etc/ostname"]);
    expect(isSeen(layers, "etc/hostname")).toBe(false);
    expect(isSeen(layers, "etc/ostname")).toBe(true);
  });

  test("leaves what its own layer and those above have", async () => {
    const below = "mkdir d; touch d/old f";
    expect(await pathsOf(await layersOf("mkdir d; touch d/new .wh.d f .wh.f", below))).toEqual([
      "d",
      "d/new",
      "f",
    ]);
    expect(await pathsOf(await layersOf("mkdir d; touch d/new", "touch .wh.d .wh.f", below))).toEqual([
      "d",
      "d/new",
    ]);
  });

  test("deletes what lies two layers below, too, but nothing below a directory that hides it", async () => {
    expect(await pathsOf(await layersOf("touch .wh.d", "", "mkdir -p d/e"))).toEqual([]);
    expect(isSeen(await layersOf("touch .wh.d", "", "mkdir -p d/e"), "d/e")).toBe(false);
  });

  test("of a name that nothing has is nothing, and so are AUFS's own names", async () => {
    const layers = await layersOf(
      "touch .wh.none .wh..wh.aufs; mkdir -p .wh..wh.plnk/a .wh..wh.orph",
      "touch a",
    );
    expect(await pathsOf(layers)).toEqual(["a"]);
  });
});

describe("an opaque marker", () => {
  test("hides all that lies below in its directory, and is itself no file", async () => {
    const layers = await layersOf("mkdir d; touch d/.wh..wh..opq d/new", "mkdir d; touch d/old d/opq e");
    expect(await pathsOf(layers)).toEqual(["d", "d/new", "e"]);
    expect(isSeen(layers, "d/opq")).toBe(false);
    expect(isSeen(layers, "d/new")).toBe(true);
  });

  test("in the root of a layer hides all below", async () => {
    const layers = await layersOf("touch .wh..wh..opq a", "mkdir -p b/c");
    expect(await pathsOf(layers)).toEqual(["a"]);
    expect(isSeen(layers, "b/c")).toBe(false);
  });
});

describe("a name that is of another kind in another layer", () => {
  test("hides what a directory below had, and what one further down had as well", async () => {
    const layers = await layersOf("mkdir a; touch a/top", "touch a", "mkdir a; touch a/bottom");
    expect(await pathsOf(layers)).toEqual(["a", "a/top"]);
    expect(isSeen(layers, "a/bottom")).toBe(false);
  });

  test("is a symbolic link that nothing is seen through", async () => {
    const layers = await layersOf("ln -s d link", "mkdir d link; touch d/x link/y");
    expect(await pathsOf(layers)).toEqual(["d", "d/x", "link"]);
    for (const path of ["link/x", "link/y"]) expect(isSeen(layers, path)).toBe(false);
    expect(isSeen(layers, "link")).toBe(true);
  });
});

test("a symbolic link that leads nowhere is seen", async () => {
  const [layer = ""] = await layersOf("");
  await symlink("nowhere", join(layer, "dangling"));
  expect(isSeen([layer], "dangling")).toBe(true);
  expect(await pathsOf([layer])).toEqual(["dangling"]);
});

test("a layer that is not there is an error of the file system", async () => {
  await expect(walk([join(scratch.path, "not-there")])).rejects.toMatchObject({ code: "ENOENT" });
  const file = join(await scratch.fresh(), "file");
  await writeFile(file, "");
  await expect(walk([file])).rejects.toMatchObject({ code: "ENOTDIR" });
});

async function pathsBelow(parts: StackPath["parts"]): Promise<string[]> {
  return [...(await readStackDirectory(parts)).keys()].sort();
}

/** A file's content, or where a symbolic link points. */
async function contentOf(path: string): Promise<string> {
  return readlink(path).catch(() => readFile(path, "utf8"));
}
