import {
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { measureLayer } from "../../src/graph/facts/index.js";
import { measureSmallLayer } from "../../src/graph/facts/small-layer.js";
import { openGraph } from "../../src/graph/index.js";
import { addImage } from "../support/images/made-images.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { seededRandom } from "../support/seeded-random.js";
import { makeRichTree } from "../support/trees/rich-tree.js";

const scratch = useScratchDirectory();

describe("measuring a layer", () => {
  it("gives what du and find give for a tree with one of everything", async () => {
    const layer = await scratch.fresh();
    await makeRichTree(layer);
    const { stdout: names } = await execa("find", [layer, "-mindepth", "1", "-printf", "x"]);
    // du counts a file of several names once, but sizes of directories and links too.
    const { stdout: all } = await execa("du", ["--apparent-size", "--block-size=1", "-s", layer]);
    const { stdout: others } = await execa("find", [layer, "!", "-type", "f", "-printf", "%i %y %s\\n"]);
    const sizes = new Map<string, number>();
    for (const line of others.split("\n")) {
      const [inode = "", type = "", size = ""] = line.split(" ");
      if (type === "d" || type === "l") sizes.set(inode, Number(size));
    }
    const otherBytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
    expect(await measureLayer(layer)).toEqual({
      layerBytes: Number(all.split("\t")[0]) - otherBytes,
      entries: names.length,
      whiteouts: 2,
    });
  });

  it("counts a file of several names once", async () => {
    const layer = await scratch.fresh();
    writeFileSync(join(layer, "a"), "12345");
    linkSync(join(layer, "a"), join(layer, "b"));
    mkdirSync(join(layer, "d"));
    linkSync(join(layer, "a"), join(layer, "d/c"));
    expect(await measureLayer(layer)).toEqual({ layerBytes: 5, entries: 4, whiteouts: 0 });
  });

  it("counts as whiteouts the files that delete something", async () => {
    const layer = await scratch.fresh();
    const whiteouts = [".wh.a", ".wh. b\nc", ".wh..hidden", ".wh..wh..opq", ".wh.\xff"];
    const others = [
      ".wh.",
      ".wh",
      "wh.a",
      ".wh..wh.plnk",
      ".wh..wh.aufs",
      ".wh..wh..opq2",
      " .wh.a",
      "a .wh.b",
    ];
    for (const name of [...whiteouts, ...others])
      writeFileSync(Buffer.from(`${layer}/${name}`, "latin1"), "");
    mkdirSync(join(layer, ".wh.directory"));
    expect(await measureLayer(layer)).toEqual({
      layerBytes: 0,
      entries: whiteouts.length + others.length + 1,
      whiteouts: whiteouts.length,
    });
  });

  it("of nothing is zero", async () => {
    expect(await measureLayer(await scratch.fresh())).toEqual({ layerBytes: 0, entries: 0, whiteouts: 0 });
  });

  it("reads thousands of long names that chunks of the output cut apart", async () => {
    const layer = await scratch.fresh();
    for (let n = 0; n < 3_000; n++) writeFileSync(join(layer, `.wh.${n}-${"n".repeat(200)}`), "x");
    expect(await measureLayer(layer)).toEqual({ layerBytes: 3_000, entries: 3_000, whiteouts: 3_000 });
  });

  it("that is not there fails and says what find said", async () => {
    const missing = join(await scratch.fresh(), "missing");
    await expect(measureLayer(missing)).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("No such file"),
    });
  });

  it("stops when it is aborted", async () => {
    await expect(measureLayer("/usr", AbortSignal.abort())).rejects.toMatchObject({ code: "CANCELLED" });
    const abort = new AbortController();
    const measuring = measureLayer("/usr", abort.signal);
    abort.abort();
    await expect(measuring).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

describe("measuring a small layer in this process", () => {
  it("finds what a program finds, whatever lies in the layer", async () => {
    const layer = await scratch.fresh();
    const paths = [Buffer.from(layer)];
    const { next: random } = seededRandom(7);
    for (let number = 0; number < 300; number++) {
      const parent = paths[Math.floor(random() * paths.length)] ?? Buffer.from(layer);
      const name = Buffer.from(
        [...(random() < 0.2 ? ".wh." : ""), ...`${number}`].map((at) => at.charCodeAt(0)),
      );
      const path = Buffer.concat([
        parent,
        Buffer.from("/"),
        name,
        Buffer.from(random() < 0.3 ? [0xff, 0x0a] : []),
      ]);
      const kind = random();
      if (kind < 0.3) paths.push(path);
      if (kind < 0.3) mkdirSync(path);
      else if (kind < 0.4) symlinkSync("/usr", path);
      else if (kind < 0.5 && existsSync(join(layer, "first"))) linkSync(join(layer, "first"), path);
      else writeFileSync(path, "x".repeat(number));
      if (number === 0) writeFileSync(join(layer, "first"), "12345");
    }
    writeFileSync(join(layer, ".wh..wh..opq"), "");
    expect(await measureSmallLayer(layer)).toEqual(await measureLayer(layer));
  });

  it("leaves layers of many entries, and of long paths, to the program", async () => {
    const layer = await scratch.fresh();
    for (let number = 0; number < 5_001; number++) symlinkSync("x", join(layer, `${number}`));
    expect(await measureSmallLayer(layer)).toBeUndefined();
    const deep = await scratch.fresh();
    await shell(
      `cd "${deep}" && for i in $(seq 20); do mkdir ${"d".repeat(250)} && cd ${"d".repeat(250)}; done; echo > file`,
    );
    expect(await measureSmallLayer(deep)).toBeUndefined();
    expect(await measureLayer(deep)).toEqual({ layerBytes: 1, entries: 21, whiteouts: 0 });
    // Node's own removal cannot.
    await shell(`rm -rf "${deep}"`);
  });
});

describe("the facts of many layers", () => {
  it("are kept together, and not over what somebody has written meanwhile", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    const paths = [];
    for (const id of ["a", "b", "c"]) {
      const { directory } = await addImage(graph, { id }, { file: "123" });
      paths.push(join(directory, "layer.json"));
    }
    const [a = "", b = "", c = ""] = paths;
    for (const path of [a, b, c]) rmSync(path);
    for (const id of ["a", "b"]) expect((await graph.layerFacts(id, undefined, "soon")).layerBytes).toBe(3);
    expect((await graph.layerFacts("c", undefined, "never")).layerBytes).toBe(3);
    writeFileSync(b, "another's");
    await graph.close();
    expect(JSON.parse(readFileSync(a, "utf8"))).toEqual({ layerBytes: 3, entries: 1, whiteouts: 0 });
    expect(readFileSync(b, "utf8")).toBe("another's");
    expect(existsSync(c)).toBe(false);
    expect(readdirSync(join(graph.directory, ":tmp:"))).toEqual([]);
  });
});

describe("the facts about a layer", () => {
  const facts = { layerBytes: 3, entries: 1, whiteouts: 0 };

  it.each(["", "{", "[]", "null", '{"layerBytes":3}', '{"layerBytes":-1,"entries":1,"whiteouts":0}'])(
    "are measured and written where layer.json holds %j",
    async (content) => {
      const graph = await openGraph(await scratch.fresh(), { create: true });
      const { directory } = await addImage(graph, { id: "image" }, { file: "123" });
      writeFileSync(join(directory, "layer.json"), content);
      expect(await graph.layerFacts("image")).toEqual(facts);
      expect(JSON.parse(readFileSync(join(directory, "layer.json"), "utf8"))).toEqual(facts);
    },
  );

  it("are told though they cannot be written", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    const { directory } = await addImage(graph, { id: "image" }, { file: "123" });
    rmSync(join(directory, "layer.json"));
    // Root may write everywhere, but not over a directory.
    mkdirSync(join(directory, "layer.json.new"));
    expect(await graph.layerFacts("image")).toEqual(facts);
  });

  it("of a broken image are refused", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    const { layerDirectory } = await addImage(graph, { id: "image" });
    rmSync(layerDirectory, { recursive: true });
    await expect(graph.layerFacts("image")).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    // A stray file of the name of an image.
    writeFileSync(join(graph.directory, "README"), "");
    await expect(graph.layerFacts("README")).rejects.toMatchObject({ code: "IMAGE_BROKEN" });
    await expect(graph.layerFacts("nobody")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });
});
