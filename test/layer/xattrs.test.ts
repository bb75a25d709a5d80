import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { readDirectoryXattrs } from "../../src/layer/xattrs.js";
import { childProcesses } from "../support/processes/child-processes.js";
import { withEnvironment } from "../support/processes/environment.js";
import { runs } from "../support/processes/runs.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { linesByPath } from "../support/trees/listed-lines.js";
import { listTree } from "../support/trees/tree-listing.js";

const scratch = useScratchDirectory();

async function treeOf(script: string): Promise<string> {
  const tree = await scratch.fresh();
  await shell(`set -eu; ${script}`, { cwd: tree, locale: "C" });
  return tree;
}

/** What getfattr reads of the same directories, through `listTree`. */
async function asListed(tree: string, wanted: RegExp): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  for (const [path, line] of linesByPath(await listTree(tree))) {
    const attributes = [...line.matchAll(/ ((?:user|trusted)\.[^ ]*)=0x([0-9a-f]*)/g)]
      .filter(([, name = ""]) => wanted.test(name))
      .map(([, name, hex = ""]) => `${name}=${Buffer.from(hex, "hex").toString("latin1")}`);
    if (attributes.length > 0) found.set(path === "." ? "" : path, attributes.sort());
  }
  return found;
}

const names = String.raw`-dash ' blank ' 'back\slash' 'back\012' "$(printf 'new\nline')" "$(printf 'n\xff')" naïve a=b '*' '[a]'`;

describe("the attributes of directories", () => {
  let tree: string;
  let paths: string[];
  beforeAll(async () => {
    tree = await treeOf(`
      mkdir -p -- a/b/c plain ${names} "$(printf 'n%.0s' {1..180})" d/"$(printf 'n%.0s' {1..250})"
      for directory in */ a/b d/*; do setfattr -n user.of -v "$directory" -- "$directory"; done
      setfattr -x user.of plain
      setfattr -n user.root -v yes .
      setfattr -n user.lines -v "$(printf 'one\\n30 path=x\\n=two')" a
      setfattr -n trusted.overlay.opaque -v y a/b
      setfattr -n user.binary -v 0x00ff0a3d00 a/b/c
      touch a/file; setfattr -n user.file -v 1 a/file`);
    const found = await shell("find . -type d -printf '%P\\0'", { cwd: tree });
    paths = found.toString("latin1").split("\0").slice(0, -1);
  });

  test("are those that getfattr reads, whatever bytes the names and the values hold", async () => {
    const expected = await asListed(tree, /^user\.(?!file)/);
    expect(expected.size).toBeGreaterThan(14);
    expect(await readDirectoryXattrs(tree, paths, ["user.*"])).toEqual(expected);
  });

  test("are only those that the masks name", async () => {
    const found = await readDirectoryXattrs(tree, paths, ["trusted.overlay.opaque", "user.root"]);
    expect(found).toEqual(
      new Map([
        ["", ["user.root=yes"]],
        ["a/b", ["trusted.overlay.opaque=y"]],
      ]),
    );
  });

  test("are only those of the directories that were asked for, not of what lies in them", async () => {
    const found = await readDirectoryXattrs(tree, ["a", "plain"], ["user.*"]);
    expect(found).toEqual(new Map([["a", ["user.lines=one\n30 path=x\n=two", "user.of=a/"]]]));
  });

  test("are none where no directory is asked for, and then there is no run of tar", async () => {
    const nothing = await scratch.fresh();
    const found = await withEnvironment({ PATH: nothing }, () => readDirectoryXattrs(tree, [], ["user.*"]));
    expect(found).toEqual(new Map());
  });

  test.each([".hidden", "..x", "...", ".hidden/.hidden", "a/.b", ".-", "x."])(
    "are found under the directory's own name where that has dots: %s",
    async (path) => {
      const other = await scratch.fresh();
      await mkdir(join(other, path), { recursive: true });
      await execa("setfattr", ["-n", "user.x", "-v", "1", "--", join(other, path)]);
      expect(await readDirectoryXattrs(other, [path], ["user.*"])).toEqual(new Map([[path, ["user.x=1"]]]));
    },
  );

  test("are sorted by name, so that two directories can be compared", async () => {
    const other = await treeOf(`
      mkdir one other; for n in a c b; do setfattr -n user.$n -v 1 one; done
      for n in c b a; do setfattr -n user.$n -v 1 other; done`);
    const found = await readDirectoryXattrs(other, ["one", "other"], ["user.*"]);
    expect(found.get("one")).toEqual(["user.a=1", "user.b=1", "user.c=1"]);
    expect(found.get("other")).toEqual(found.get("one"));
  });

  test("of a great many directories are read in one go", async () => {
    const many = await treeOf(
      "mkdir -p {1..30}/{1..100}; for d in {1..30}; do setfattr -n user.x -v $d $d/{1..100}; done",
    );
    const all = (await shell("find . -mindepth 2 -printf '%P\\0'", { cwd: many }))
      .toString()
      .split("\0")
      .slice(0, -1);
    const found = await readDirectoryXattrs(many, all, ["user.*"]);
    expect(found.size).toBe(3_000);
    for (const [path, attributes] of found) expect(attributes).toEqual([`user.x=${path.split("/")[0]}`]);
  });

  test("are those of random directories with random values", async () => {
    const value = fc.uint8Array({ minLength: 1, maxLength: 300 });
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 8 }), async (values) => {
        const sets = values.map((bytes, index) => {
          const hex = Buffer.from(bytes).toString("hex");
          return `mkdir d${index}; setfattr -n user.v -v 0x${hex} d${index}`;
        });
        const random = await treeOf(sets.join("\n"));
        const all = values.map((_, index) => `d${index}`);
        expect(await readDirectoryXattrs(random, all, ["user.*"])).toEqual(await asListed(random, /^user/));
      }),
      { numRuns: runs(6) },
    );
  });
});

describe("an error", () => {
  test("is INTERNAL with tar's words for a directory that is not there", async () => {
    const tree = await treeOf("mkdir a");
    await expect(readDirectoryXattrs(tree, ["a", "none"], ["user.*"])).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("none"),
    });
    const missing = join(scratch.path, "not-there");
    await expect(readDirectoryXattrs(missing, [""], ["user.*"])).rejects.toMatchObject({ code: "INTERNAL" });
  });

  test("is CANCELLED, with no tar left, where the signal aborts", async () => {
    const reading = readDirectoryXattrs("/usr", Array(5_000).fill("lib"), ["user.*"], AbortSignal.abort());
    await expect(reading).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  test("is TOOL_MISSING where there is no tar", async () => {
    const nothing = await scratch.fresh();
    const reading = withEnvironment({ PATH: nothing }, () => readDirectoryXattrs(nothing, [""], ["user.*"]));
    await expect(reading).rejects.toMatchObject({ code: "TOOL_MISSING" });
  });
});
