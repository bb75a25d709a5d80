// An archive that was unpacked comes back byte for byte.
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gunzipSync, gzipSync } from "node:zlib";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { assembleArchive } from "../../../src/layer/index.js";
import { collect } from "../../support/collect.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { archive, type CraftedHeader, entry, pax } from "../../support/trees/crafted-tar.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { type ThroughOptions, throughSplit } from "../../support/trees/through-split.js";

const scratch = useScratchDirectory();

async function through(bytes: Buffer, options?: ThroughOptions) {
  return throughSplit(bytes, await scratch.fresh(), options);
}

/** The lines of a tar-split. */
function linesOf(splitPath: string): { type: number; name?: string; size?: number; payload: string }[] {
  const lines = gunzipSync(readFileSync(splitPath)).toString().trimEnd().split("\n");
  return lines.map((line) => JSON.parse(line));
}

function filesOf(splitPath: string): (string | undefined)[] {
  return linesOf(splitPath).flatMap(({ type, name }) => (type === 1 ? [name] : []));
}

describe("a tree with one of everything", () => {
  let tree: string;
  beforeAll(async () => {
    tree = await scratch.fresh();
    await makeRichTree(tree);
  });

  it.each([
    ["posix", ["tar", "--format=posix"]],
    ["gnu", ["tar", "--format=gnu"]],
    ["sparse posix", ["tar", "--format=posix", "--sparse"]],
    ["sparse gnu", ["tar", "--format=gnu", "--sparse"]],
    ["bsdtar's pax", ["bsdtar", "--format=pax"]],
  ])("as %s, plain and compressed", async (_, [program = "", ...how]) => {
    const args = [...how, "--xattrs", "-C", tree, "-cf", "-", "."];
    const { stdout } = await execa(program, args, { encoding: "buffer", env: { LC_ALL: "C" } });
    const bytes = Buffer.from(stdout);
    const { again, splitPath } = await through(bytes, { chunk: 10_000 });
    expect(again?.equals(bytes)).toBe(true);
    expect(statSync(splitPath).mode & 0o777).toBe(0o600);
    expect((await through(gzipSync(bytes))).again?.equals(bytes)).toBe(true);
  });
});

describe("the archivers of the world", () => {
  const directory = new URL("../../fixtures/wild/", import.meta.url).pathname;
  const layers = readdirSync(directory).filter(
    (name) => /\.tar$/.test(name) && !/image|ggcr|outer|global|5000/.test(name),
  );
  it.each(layers)("%s", async (name) => {
    const bytes = readFileSync(join(directory, name));
    expect((await through(bytes)).again?.equals(bytes)).toBe(true);
  });
});

describe("what is part of an archive and of no file", () => {
  const file = entry({ name: "f" }, "content");
  it.each([
    ["what stands behind the end", Buffer.concat([archive(file), Buffer.from("more"), archive(file)])],
    ["a record filled up with zeros", Buffer.concat([archive(file), Buffer.alloc(9_000)])],
    ["padding that is not zeros", archive(entry({ name: "f", size: 3 }, "abc and more"), file)],
    ["a volume label", archive(entry({ name: "label", type: "V" }), file)],
    ["a global header", archive(pax([["comment", "x"]], "g"), file)],
    ["a body of a link", archive(entry({ name: "l", type: "2", linkName: "f", size: 7 }), file)],
  ])("%s", async (_, bytes) => {
    expect((await through(bytes)).again).toEqual(bytes);
  });

  it.each([0, 5])("an end that lacks, with %d bytes of padding", async (padding) => {
    const bytes = file.subarray(0, 512 + 7 + padding);
    expect((await through(bytes, { isWhole: () => true })).again).toEqual(bytes);
  });

  it("no byte at all", async () => {
    expect((await through(Buffer.alloc(0), { isWhole: () => true })).again).toEqual(Buffer.alloc(0));
  });
});

describe("a file that a later entry replaces", () => {
  const file = (name: string, body: string, more?: Partial<CraftedHeader>) => entry({ name, ...more }, body);
  const cases: [string, Buffer, string[]][] = [
    ["by a file", archive(file("f", "one"), file("./f", "two"), file("g", "three")), ["f", "g"]],
    ["by the same one", archive(file("f", "one"), file("f", "one")), ["f"]],
    ["by an empty file", archive(file("f", "one"), file("/f", "")), []],
    ["by a symlink", archive(file("f", "one"), file("f", "", { type: "2", linkName: "x" })), []],
    ["by a directory", archive(file("f", "one"), file("f/", "", { type: "5", mode: 0o755 })), []],
    ["by a device", archive(file("f", "one"), file("f", "", { type: "6" })), []],
    [
      "by a hard link, and back",
      archive(
        file("f", "one"),
        file("g", "two"),
        file("f", "", { type: "1", linkName: "g" }),
        file("f", "three"),
      ),
      ["g", "f"],
    ],
    [
      "through a symlink",
      archive(
        file("d/", "", { type: "5", mode: 0o755 }),
        file("l", "", { type: "2", linkName: "d" }),
        file("d/f", "one"),
        file("l/f", "two"),
      ),
      ["d/f"],
    ],
  ];
  it.each(cases)("%s is read again and kept", async (_, bytes, names) => {
    const { again, splitPath } = await through(bytes);
    expect(again).toEqual(bytes);
    expect(filesOf(splitPath)).toEqual(names);
  });

  it.each(cases)("%s is not lossless where the archive cannot be read again", async (_, bytes) => {
    const { isLossless, splitPath } = await through(bytes, { canReopen: false });
    expect(isLossless).toBe(false);
    expect(existsSync(splitPath)).toBe(false);
  });

  it("is not lossless where the archive is another one by then", async () => {
    const bytes = archive(file("f", "one"), file("f", "two"));
    const other = archive(file("f", "six"), file("f", "two"));
    const reopen = async () => Readable.from([other], { objectMode: false });
    const { isLossless, splitPath } = await through(bytes, { reopen });
    expect(isLossless).toBe(false);
    expect(existsSync(splitPath)).toBe(false);
  });
});

it("holds what is long in segments of 1 MiB", async () => {
  const bytes = Buffer.concat([archive(entry({ name: "f" }, "content")), Buffer.alloc(3 * 1024 ** 2)]);
  const { again, splitPath } = await through(bytes);
  expect(again?.equals(bytes)).toBe(true);
  const longest = Math.max(...linesOf(splitPath).map(({ payload }) => payload.length));
  expect(longest).toBe(Math.ceil(1024 ** 2 / 3) * 4);
});

it("comes back in chunks of one size, however small its files are", async () => {
  const files = Array.from({ length: 40 }, (_, at) => entry({ name: `f${at}` }, `${at}`.repeat(50_000)));
  const { again, splitPath, layerDirectory } = await through(archive(...files));
  const sizes = (await collect(assembleArchive({ layerDirectory, splitPath }))).map(({ length }) => length);
  const all = again?.length ?? 0;
  expect(all).toBeGreaterThan(3 * 1024 ** 2);
  expect(sizes).toEqual([...sizes.slice(1).map(() => 1024 ** 2), all % 1024 ** 2]);
});

it("is not lossless past a limit of bytes that are neither headers nor a file's content", async () => {
  const bytes = Buffer.concat([archive(entry({ name: "f" }, "content")), Buffer.alloc(65 * 1024 ** 2)]);
  const { isLossless, splitPath } = await through(bytes, { chunk: 1024 ** 2 });
  expect(isLossless).toBe(false);
  expect(existsSync(splitPath)).toBe(false);
});

it("leaves nothing where the archive is refused", async () => {
  const directory = await scratch.fresh();
  const bytes = archive(entry({ name: "f" }, "content"), entry({ name: "../x" }));
  await expect(throughSplit(bytes, directory)).rejects.toMatchObject({ code: "UNSAFE_ENTRY" });
  expect(existsSync(join(directory, "tar-split.gz"))).toBe(false);
});
