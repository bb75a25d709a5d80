// Hard links whose target is in a layer below: the file is copied up, as overlayfs does when it links.
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { assembleArchive, copyUpFrom, unpack } from "../../src/layer/index.js";
import { describeTree } from "../corpus/describe-tree.js";
import { collect } from "../support/collect.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry, pax } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
const roomy = { maxBytes: 1e8, maxEntries: 10_000 };
const dir = (name: string, mode = 0o755) => entry({ name, type: "5", mode });
const file = (name: string, body = "x") => entry({ name }, body);
const link = (name: string, target: string) => entry({ name, type: "1", linkName: target });
const symlink = (name: string, target: string) => entry({ name, type: "2", linkName: target });

/** Unpacks layers on one another, the base's first. Returns the topmost, with those below. */
async function stacked(
  layers: readonly (readonly Buffer[])[],
  { limits = roomy } = {},
): Promise<{ layer: string; below: string[]; copiedBytes: number }> {
  const below: string[] = [];
  let copiedBytes = 0;
  for (const entries of layers) {
    const layer = await scratch.fresh();
    const here = [...below];
    const copyUp = here.length === 0 ? undefined : copyUpFrom(async () => here);
    const source = Readable.from([archive(...entries)], { objectMode: false });
    ({ copiedBytes } = await unpack(source, layer, { limits, copyUp }));
    below.unshift(layer);
  }
  return { layer: below[0] as string, below: below.slice(1), copiedBytes };
}

const treeOf = async (...layers: (readonly Buffer[])[]) => describeTree((await stacked(layers)).layer);
const base = [dir("usr/"), dir("usr/bin/", 0o711), file("usr/bin/tool", "tool"), symlink("bin", "usr/bin")];
const whole = ["d 755 usr", "d 711 usr/bin"];

describe("a hard link into a layer below", () => {
  it.each<[string, Buffer[], string[]]>([
    [
      "brings the target, and what it lies in",
      [link("copy", "usr/bin/tool")],
      ['f 644 copy "tool"', ...whole, "h usr/bin/tool = copy"],
    ],
    [
      "beside it, in directories that the archive names",
      [dir("usr/", 0o700), dir("usr/bin/", 0o750), link("usr/bin/tool2", "usr/bin/tool")],
      ["d 700 usr", "d 750 usr/bin", 'f 644 usr/bin/tool "tool"', "h usr/bin/tool2 = usr/bin/tool"],
    ],
    [
      "in any spelling",
      [link("/./copy", "//usr/./bin//tool")],
      ['f 644 copy "tool"', ...whole, "h usr/bin/tool = copy"],
    ],
    [
      "by a symlink of a layer below",
      [link("copy", "bin/tool")],
      ['f 644 copy "tool"', ...whole, "h usr/bin/tool = copy"],
    ],
    [
      "several times, and by links to links",
      [link("a", "usr/bin/tool"), link("b", "a"), link("c", "b"), link("d", "usr/bin/tool")],
      ['f 644 a "tool"', "h b = a", "h c = a", "h d = a", ...whole, "h usr/bin/tool = a"],
    ],
    ["whose own name a file takes then", [link("a", "usr/bin/tool"), file("a", "new")], ['f 644 a "new"']],
    [
      "whose own name a directory takes then",
      [link("a", "usr/bin/tool"), dir("a/"), file("a/b", "new")],
      ["d 755 a", 'f 644 a/b "new"'],
    ],
    [
      "that takes the place of a file",
      [file("a", "old"), link("a", "usr/bin/tool")],
      ['f 644 a "tool"', ...whole, "h usr/bin/tool = a"],
    ],
    [
      "whose target's name gets another file: the link keeps what was there",
      [link("a", "usr/bin/tool"), link("b", "a"), file("usr/bin/tool", "new"), link("c", "usr/bin/tool")],
      [
        'f 644 a "tool"',
        "h b = a",
        'f 644 c "new"',
        "d 755 usr @0",
        "d 755 usr/bin @0",
        "h usr/bin/tool = c",
      ],
    ],
    [
      "whose target's name becomes a directory",
      [link("a", "usr/bin/tool"), dir("usr/bin/tool/")],
      ['f 644 a "tool"', "d 755 usr @0", "d 755 usr/bin @0", "d 755 usr/bin/tool"],
    ],
    [
      "that the target's name becomes a link to",
      [link("a", "usr/bin/tool"), link("usr/bin/tool", "a")],
      ['f 644 a "tool"', "d 755 usr @0", "d 755 usr/bin @0", "h usr/bin/tool = a"],
    ],
    ["to a symlink is that symlink", [link("s", "bin")], ["l bin -> usr/bin", "h s = bin"]],
    [
      "and one to a file of the archive that a symlink of a layer below leads to",
      [dir("usr/"), dir("usr/bin/"), file("usr/bin/new", "new"), link("a", "bin/new")],
      ['f 644 a "new"', "d 755 usr", "d 755 usr/bin", "h usr/bin/new = a"],
    ],
  ])("%s", async (_, entries, expected) => {
    const sorted = (lines: readonly string[]) => [...lines].sort();
    const lines = (await treeOf(base, entries)).filter((line) => !line.startsWith("d 755 . "));
    expect(sorted(lines)).toEqual(sorted(expected));
  });

  it("keeps all attributes: owner, mode, time, xattrs, capabilities", async () => {
    const attributes = pax([
      ["mtime", "1400000001.123456789"],
      ["SCHILY.xattr.user.note", "kept"],
    ]);
    const { layer, below } = await stacked([
      [attributes, entry({ name: "a/tool", mode: 0o4750 }, "tool")],
      [link("b/tool", "a/tool")],
    ]);
    await execa("chown", ["1000:2000", join(below[0] as string, "a/tool")]);
    await execa("setcap", ["cap_net_raw+ep", join(below[0] as string, "a/tool")]);
    const again = await scratch.fresh();
    const source = Readable.from([archive(link("b/tool", "a/tool"))], { objectMode: false });
    await unpack(source, again, { limits: roomy, copyUp: copyUpFrom(async () => below) });
    const facts = async (path: string) => {
      const { uid, gid, mode, mtimeNs, size } = lstatSync(path, { bigint: true });
      const { stdout } = await execa("getfattr", ["-d", "-m", "-", "--absolute-names", path]);
      return [uid, gid, mode, mtimeNs, size, stdout.split("\n").filter((line) => line.includes("="))];
    };
    const expected = await facts(join(below[0] as string, "a/tool"));
    expect(expected.at(-1)).toHaveLength(2);
    expect(await facts(join(again, "a/tool"))).toEqual(expected);
    expect(await facts(join(again, "b/tool"))).toEqual(expected);
    expect(lstatSync(join(again, "a/tool")).ino).toBe(lstatSync(join(again, "b/tool")).ino);
    expect(layer).not.toBe(again);
  });

  it("is to the topmost file that is seen, and names of one file below stay names of one", async () => {
    const { layer, copiedBytes } = await stacked([
      [file("a", "lowest"), file("b", "bbb"), link("c", "b")],
      [file("a", "middle")],
      [link("x", "a"), link("y", "b"), link("z", "c")],
    ]);
    expect(readFileSync(join(layer, "x"), "utf8")).toBe("middle");
    expect(new Set(["b", "c", "y", "z"].map((name) => lstatSync(join(layer, name)).ino)).size).toBe(1);
    expect(copiedBytes).toBe("middle".length + "bbb".length);
  });

  it("to a symlink that leads out of the layer is that symlink, never followed", async () => {
    const { layer } = await stacked([[symlink("s", "/etc/shadow")], [dir("./"), link("t", "s")]]);
    expect(await describeTree(layer)).toEqual(["d 755 .", "l s -> /etc/shadow", "h t = s"]);
  });

  it("to a fifo and a device is that", async () => {
    const device = entry({ name: "n", type: "3", patches: { 329: "0000001\0", 337: "0000003\0" } });
    const { layer } = await stacked([
      [entry({ name: "p", type: "6" }), device],
      [dir("./"), link("q", "p"), link("m", "n")],
    ]);
    expect((await describeTree(layer)).filter((line) => /^[hcp]/.test(line))).toEqual([
      "c 644 m 1:3",
      "h n = m",
      "p 644 p",
      "h q = p",
    ]);
  });
});

describe("a hard link is refused, with its name and its target's", () => {
  it.each<[string, Buffer[], code?: string]>([
    ["where the target is nowhere", [link("L", "T")]],
    ["where its directory is nowhere", [link("L", "no/T")]],
    ["where it is a directory below", [link("L", "usr/bin")]],
    ["where it is the root by a symlink", [link("L", "root/T")]],
    ["where it lies below a file", [link("L", "usr/bin/tool/T")]],
    ["where it lies below a file of the archive", [file("f"), link("L", "f/T")]],
    ["where a layer below deletes it", [link("L", "gone")]],
    ["where a layer below deletes its directory", [link("L", "opaque/T")]],
    ["where this layer deletes it before", [file("usr/bin/.wh.tool", ""), link("L", "usr/bin/tool")]],
    ["where this layer deletes it behind", [link("L", "usr/bin/tool"), file("usr/bin/.wh.tool", "")]],
    [
      "where this layer deletes its directory",
      [dir("usr/"), file("usr/.wh.bin", ""), dir("usr/bin/"), link("L", "usr/bin/tool")],
    ],
    [
      "where this layer hides what its directory has",
      [dir("usr/"), dir("usr/bin/"), file("usr/bin/.wh..wh..opq", ""), link("L", "usr/bin/tool")],
    ],
    ["where its directory becomes a symlink then", [link("L", "usr/bin/tool"), symlink("usr", "x")]],
    ["where its directory becomes a file then", [link("L", "usr/bin/tool"), file("usr/bin")]],
    ["where it is a whiteout below", [link("L", ".wh.gone")]],
    ["where entries lie below it", [link("L", "usr/bin/tool"), file("L/x")]],
    [
      "where an entry lies below it by a symlink",
      [symlink("s", "L"), link("L", "usr/bin/tool"), file("s/x")],
    ],
    ["where it is to itself, whatever lies below", [link("usr/bin/tool", "usr/bin/tool")]],
    ["where it leads in a circle below", [link("L", "circle/T")], "UNSAFE_ENTRY"],
    ["where it leads above the root", [link("L", "up/T")], "UNSAFE_ENTRY"],
    ["where it holds two dots", [link("L", "usr/../usr/bin/tool")], "UNSAFE_ENTRY"],
    [
      "where its owner is none",
      [entry({ name: "L", type: "1", linkName: "usr/bin/tool", patches: { 108: "\xff".repeat(8) } })],
    ],
  ])("%s", async (_, entries, code = "BAD_ARCHIVE") => {
    const below = [
      [...base, file("gone"), dir("opaque/"), file("opaque/T"), symlink("root", "/"), symlink("up", "..")],
      [file(".wh.gone", ""), dir("opaque/"), file("opaque/.wh..wh..opq", ""), symlink("circle", "circle")],
    ];
    const error = await stacked([...below, entries]).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code, message: expect.stringMatching(/"?(?:L|usr\/bin\/tool|s)\b/) });
  });

  it("where what it brings is more than a layer may have", async () => {
    const layers = [
      [file("a", "x".repeat(5_000))],
      [file("b", "y".repeat(5_000))],
      [link("c", "a"), link("d", "b")],
    ];
    await expect(stacked(layers, { limits: { maxBytes: 8_000, maxEntries: 10 } })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
      message: expect.stringContaining("--max-layer-bytes"),
    });
    const deep = [[file("d/e/f/g/h/a")], [link("b", "d/e/f/g/h/a")]];
    await expect(stacked(deep, { limits: { maxBytes: 1e6, maxEntries: 6 } })).rejects.toMatchObject({
      code: "LIMIT_EXCEEDED",
    });
  });
});

it("the archive can be made again from the layer, whatever a link replaces", async () => {
  const { layer: lowest } = await stacked([base]);
  for (const entries of [
    [link("copy", "usr/bin/tool"), file("own", "own")],
    [link("a", "usr/bin/tool"), link("b", "a"), file("usr/bin/tool", "new"), link("c", "usr/bin/tool")],
    [file("a", "old"), link("a", "usr/bin/tool"), file("z", "z")],
    [link("a", "usr/bin/tool"), file("a", "new")],
    [dir("usr/"), file("usr/bin/tool", "first"), link("d", "usr/bin/tool"), link("e", "bin")],
  ]) {
    const [at, whole] = [await scratch.fresh(), archive(...entries)];
    const layerDirectory = join(at, "layer");
    mkdirSync(layerDirectory);
    const splitPath = join(at, "tar-split.gz");
    const open = async () => Readable.from([whole], { objectMode: false });
    const copyUp = copyUpFrom(async () => [lowest]);
    const options = { limits: roomy, copyUp, splitPath, reopen: open };
    const { isLossless } = await unpack(await open(), layerDirectory, options);
    expect(isLossless).toBe(true);
    expect(Buffer.concat(await collect(assembleArchive({ layerDirectory, splitPath })))).toEqual(whole);
  }
});

it("many links are made in one go", async () => {
  const names = Array.from({ length: 300 }, (_, at) => `d/f${at}`);
  const { layer } = await stacked([
    names.map((name) => file(name, name)),
    names.map((name) => link(`${name.replace("d/", "e/")}`, name)),
  ]);
  for (const name of [names[0], names[299]] as string[]) {
    expect(readFileSync(join(layer, name.replace("d/", "e/")), "utf8")).toBe(name);
  }
});

it("a layer of GNU tar's own making, of all kinds of names, is what overlayfs makes by ln", async () => {
  const at = await scratch.fresh();
  const long = "n".repeat(150);
  mkdirSync(join(at, "lower/d/e"), { recursive: true });
  for (const name of ["a", "d/-dash", "d/e/ü", `d/${long}`]) writeFileSync(join(at, "lower", name), name);
  const entries = [
    link("a2", "a"),
    link("d/dash", "d/-dash"),
    pax([
      ["path", `${long}2`],
      ["linkpath", `d/${long}`],
    ]),
    link("x", "y"),
  ];
  const layer = await scratch.fresh();
  const source = Readable.from([archive(...entries)], { objectMode: false });
  await unpack(source, layer, { limits: roomy, copyUp: copyUpFrom(async () => [join(at, "lower")]) });
  const upper = join(at, "merged");
  await execa("cp", ["-a", join(at, "lower"), upper]);
  for (const [name, target] of [
    ["a2", "a"],
    ["d/dash", "d/-dash"],
    [`${long}2`, `d/${long}`],
  ] as const) {
    await execa("ln", ["--", join(upper, target), join(upper, name)]);
  }
  const listing = async (root: string) =>
    (
      await execa("find", [".", "-type", "f", "-links", "2", "-printf", "%P %m %T@ %s\n"], { cwd: root })
    ).stdout
      .split("\n")
      .sort();
  expect(await listing(layer)).toEqual(await listing(upper));
});
