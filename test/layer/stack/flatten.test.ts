import { chmod, chown, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { copyEntries, flattenLayers } from "../../../src/layer/stack/flatten.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { withEnvironment } from "../../support/processes/environment.js";
import { runs } from "../../support/processes/runs.js";
import { shell } from "../../support/processes/shell.js";
import { asNobody, nobody } from "../../support/processes/unprivileged.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { pathOf } from "../../support/trees/listed-lines.js";
import { mergeStack, randomStacks, writeStack } from "../../support/trees/random-layer-stacks.js";
import { makeRichTree } from "../../support/trees/rich-tree.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();
beforeAll(async () => {
  // So that another user reaches what lies in it.
  await chmod(scratch.path, 0o711);
});

async function layerOf(script: string): Promise<string> {
  const layer = await scratch.fresh();
  await shell(`set -eu; ${script}`, { cwd: layer, locale: "C" });
  return layer;
}

async function flattened(...layers: string[]): Promise<string[]> {
  const target = await scratch.fresh();
  await flattenLayers(layers, target);
  return listTree(target);
}

describe("a stack of layers that is written out", () => {
  test("is the tree that they leave when each is unpacked over those below it", async () => {
    await fc.assert(
      fc.asyncProperty(randomStacks, async (items) => {
        const layers = await writeStack(await scratch.fresh(), items);
        const tree = await scratch.fresh();
        await mergeStack(layers, tree);
        expect(await flattened(...layers)).toEqual(await listTree(tree));
      }),
      { numRuns: runs(7) },
    );
  });

  test("of one layer with one of everything has it all, but for the names of whiteouts", async () => {
    const tree = await scratch.fresh();
    await makeRichTree(tree);
    const expected = (await listTree(tree)).filter((line) => !pathOf(line).includes("/.wh."));
    expect(expected.length).toBeGreaterThan(40);
    expect(await flattened(tree)).toEqual(expected);
  });

  test("has one of everything from below an empty layer, with the root of the topmost", async () => {
    const tree = await scratch.fresh();
    await makeRichTree(tree);
    const top = await layerOf(
      "chmod 711 .; chown 5:6 .; setfattr -n user.top -v 1 .; touch -d @99.000000001 .",
    );
    const expected = (await listTree(tree)).filter((line) => !pathOf(line).includes("/.wh."));
    const [root, ...rest] = await flattened(top, tree);
    expect(root).toBe('"." directory 711 5:6 99000000001 user.top=0x31');
    expect(rest).toEqual(expected.slice(1));
  });

  test("gives a directory of several layers the attributes it has in the topmost, and only those", async () => {
    const time = "touch -d @1000000000.123456789 d";
    const top = await layerOf(
      `mkdir d; touch d/a; chmod 2751 d; chown 7:8 d; setfattr -n user.a -v top d; ${time}`,
    );
    const below = await layerOf("mkdir d; touch d/b; setfattr -n user.a -v 1 d; setfattr -n user.b -v 2 d");
    const [, directory] = await flattened(top, below);
    expect(directory).toBe('"d" directory 2751 7:8 1000000000123456789 user.a=0x746f70');
  });

  test("keeps two names of one file together in a layer, and apart where one of them is of another", async () => {
    const below = await layerOf("echo x > a; ln a b; ln a c");
    const linked = (await flattened(below))
      .slice(1)
      .map((line) => / links=(\d) same=("\w")/.exec(line)?.slice(1));
    expect(linked).toEqual(Array(3).fill(["3", '"a"']));
    const top = await layerOf("touch .wh.c; echo y > b");
    const apart = (await flattened(top, below)).slice(1);
    expect(apart.map((line) => / links=(\d) same=("\w")/.exec(line)?.slice(1))).toEqual([
      ["1", '"a"'],
      ["1", '"b"'],
    ]);
  });

  test("never follows a symbolic link of a layer below out of the tree", async () => {
    const outside = await scratch.fresh();
    const below = await layerOf(`ln -s ${outside} d`);
    const top = await layerOf("mkdir d; touch d/f");
    expect((await flattened(top, below)).map(pathOf)).toEqual([".", "d", "d/f"]);
    expect((await listTree(outside)).map(pathOf)).toEqual(["."]);
  });

  test("takes no attributes that a layer cannot hold", async () => {
    const layer = await layerOf(
      "mkdir d; setfattr -n trusted.overlay.opaque -v y d; setfattr -n user.kept -v 1 d",
    );
    expect((await flattened(layer))[1]).toMatch(/ user\.kept=0x31$/);
  });

  test("of a great many files has them all", async () => {
    const layer = await layerOf(
      "for d in {1..20}; do mkdir $d; (cd $d; touch {1..60}); done; touch -- -C '--help'",
    );
    const target = await scratch.fresh();
    await flattenLayers([layer], target);
    const count = await shell("find . | wc -l", { cwd: target });
    expect(Number(count.toString())).toBe(1 + 20 + 20 * 60 + 2);
  });
});

describe("an error", () => {
  test("is NEEDS_ROOT where a layer may not be read, with the target's name", async () => {
    const closed = await layerOf("mkdir d; chmod 000 d; chmod 755 .");
    const target = await scratch.fresh();
    await chown(target, nobody, nobody);
    const flattening = asNobody(() => flattenLayers([closed], target));
    await expect(flattening).rejects.toMatchObject({
      code: "NEEDS_ROOT",
      message: expect.stringContaining(target),
    });
  });

  test("is INTERNAL where a layer or the target is not there", async () => {
    const layer = await layerOf("mkdir d");
    const missing = join(scratch.path, "not-there");
    await expect(flattenLayers([missing], await scratch.fresh())).rejects.toMatchObject({ code: "INTERNAL" });
    await expect(flattenLayers([layer], missing)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(missing),
    });
  });

  test("is INTERNAL where the target is not empty", async () => {
    const target = await scratch.fresh();
    await mkdir(join(target, "d"));
    await expect(flattenLayers([await layerOf("mkdir d")], target)).rejects.toMatchObject({
      code: "INTERNAL",
    });
  });

  test("is CANCELLED, with no tar left, where the signal aborts", async () => {
    const layer = await layerOf("touch a; mkdir d");
    const aborted = flattenLayers([layer], await scratch.fresh(), AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
    const controller = new AbortController();
    const running = flattenLayers(["/usr/lib"], await scratch.fresh(), controller.signal);
    setImmediate(() => controller.abort());
    await expect(running).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await childProcesses()).toEqual([]);
  });

  test("is TOOL_MISSING where there is no tar", async () => {
    const [nothing, target] = [await scratch.fresh(), await scratch.fresh()];
    const layer = await layerOf("touch a");
    await expect(
      withEnvironment({ PATH: nothing }, () => flattenLayers([layer], target)),
    ).rejects.toMatchObject({ code: "TOOL_MISSING" });
  });
});

test("where this process is not root the files become its own", async () => {
  const layer = await layerOf("mkdir d; echo x > d/f; chown -R 7:8 d; chmod 644 d/f; chmod 755 .");
  const target = await scratch.fresh();
  await chown(target, nobody, nobody);
  await asNobody(() => flattenLayers([layer], target));
  const owners = (await listTree(target)).map((line) => line.split(" ").slice(0, 4).join(" "));
  expect(owners.slice(1)).toEqual([
    `"d" directory 755 ${nobody}:${nobody}`,
    `"d/f" file 644 ${nobody}:${nobody}`,
  ]);
});

describe("single entries", () => {
  test("are copied without what lies in them", async () => {
    const from = await layerOf("mkdir -p d/e; touch d/e/f d/g; chmod 711 d/e; touch -d @5 d/e");
    const to = await layerOf("mkdir -p d/e");
    await copyEntries(from, to, ["d/e", "d/g"]);
    const lines = await listTree(to);
    expect(lines.map(pathOf)).toEqual([".", "d", "d/e", "d/g"]);
    expect(lines[2]).toBe('"d/e" directory 711 0:0 5000000000');
  });

  test("may have names of any bytes, and none of them is an option of tar or a pattern", async () => {
    const names = [
      "-x",
      "--help",
      "*",
      "[a]",
      "back\\nslash",
      "new\nline",
      " ",
      "naïve",
      "$(id)",
      "~root",
      "...",
    ];
    const [from, to] = [await scratch.fresh(), await scratch.fresh()];
    for (const name of [...names, "a", "other"]) await writeFile(join(from, name), name);
    const latin1 = names.map((name) => Buffer.from(name).toString("latin1"));
    await writeFile(Buffer.from(`${from}/\xff`, "latin1"), "");
    await copyEntries(from, to, [...latin1, "\xff"]);
    expect((await listTree(to)).map(pathOf)).toEqual([".", ...latin1, "\xff"].sort());
  });

  test("set the root's attributes by an empty path", async () => {
    const from = await layerOf("touch f; chmod 1777 .; touch -d @7 .");
    const to = await scratch.fresh();
    await copyEntries(from, to, [""]);
    expect(await listTree(to)).toEqual(['"." directory 1777 0:0 7000000000']);
  });

  test("are none at all without a run of tar", async () => {
    const [nothing, target] = [await scratch.fresh(), await scratch.fresh()];
    await withEnvironment({ PATH: nothing }, () => copyEntries("/not/there", target, []));
    expect((await listTree(target)).map(pathOf)).toEqual(["."]);
  });

  test("that are not there are INTERNAL", async () => {
    const [from, to] = [await scratch.fresh(), await scratch.fresh()];
    await expect(copyEntries(from, to, ["none"])).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("none"),
    });
  });
});
