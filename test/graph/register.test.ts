import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { type Graph, makeRecord, openGraph } from "../../src/graph/index.js";
import { addImage } from "../support/images/made-images.js";
import { removeImage } from "../support/images/remove-image.js";
import { bundle, startNode } from "../support/processes/node-process.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

async function newGraph(): Promise<Graph> {
  return openGraph(await scratch.fresh(), { create: true });
}

async function staged(graph: Graph): Promise<string[]> {
  return readdir(join(graph.directory, ":tmp:"));
}

describe("registering an image", () => {
  it("keeps the record byte for byte, the layer, and the facts about it", async () => {
    const graph = await newGraph();
    const record = Buffer.from('{ "author":"\\u00e9", "id":"image",\n"Unknown":[1.0] }\n');
    const image = await graph.register({ record, jobId: "job-1" }, async (layer) => {
      writeFileSync(join(layer, "file"), "12345");
      writeFileSync(join(layer, ".wh.gone"), "");
      return { diffId: "sha256:ab" };
    });
    expect(image).toMatchObject({ id: "image", parent: null, record: { author: "é", Unknown: [1] } });
    expect(image.recordBytes).toEqual(record);
    expect(readFileSync(join(graph.directory, "image/json"))).toEqual(record);
    expect(readFileSync(join(graph.directory, "image/layer/file"), "utf8")).toBe("12345");
    const facts = { diffId: "sha256:ab", layerBytes: 5, entries: 2, whiteouts: 1, jobId: "job-1" };
    expect(JSON.parse(readFileSync(join(graph.directory, "image/layer.json"), "utf8"))).toEqual(facts);
    expect(await graph.layerFacts("image")).toEqual(facts);
    expect(await staged(graph)).toEqual([]);
  });

  it("gives the layer mode 0755 whatever the umask, and keeps the image to its owner", async () => {
    const graph = await newGraph();
    const program = `
      const { openGraph, makeRecord } = await import(process.argv[1]);
      process.umask(0o077);
      const graph = await openGraph(process.argv[2]);
      await graph.register({ record: makeRecord({ id: "image" }) }, async () => ({}));`;
    await startNode(program, module, graph.root);
    expect(statSync(join(graph.directory, "image/layer")).mode & 0o7777).toBe(0o755);
    expect(statSync(join(graph.directory, "image")).mode & 0o7777).toBe(0o700);
    expect(statSync(join(graph.directory, "image/json")).mode & 0o7777).toBe(0o600);
  });

  it("refuses an id that is taken, and does not touch the image", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "image", comment: "first" });
    let filled = false;
    const again = graph.register({ record: makeRecord({ id: "image" }) }, async () => {
      filled = true;
      return {};
    });
    await expect(again).rejects.toMatchObject({
      code: "IMAGE_EXISTS",
      message: "the image image exists already",
    });
    expect(filled).toBe(false);
    expect((await graph.get("image")).record.comment).toBe("first");
  });

  it("refuses an id that a broken image or a stray file has", async () => {
    const graph = await newGraph();
    await mkdir(join(graph.directory, "broken"));
    await writeFile(join(graph.directory, "stray"), "");
    await expect(addImage(graph, { id: "broken" })).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    await expect(addImage(graph, { id: "stray" })).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
  });

  it("refuses an unknown parent before any work", async () => {
    const graph = await newGraph();
    const record = makeRecord({ id: "image", parent: "nobody" });
    const registering = graph.register({ record }, () => Promise.reject(new Error("filled")));
    await expect(registering).rejects.toMatchObject({
      code: "PARENT_NOT_FOUND",
      message: expect.stringContaining("nobody"),
    });
  });

  it("refuses a parent that was deleted meanwhile", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "parent" });
    const record = makeRecord({ id: "image", parent: "parent" });
    const registering = graph.register({ record }, async () => {
      await removeImage(graph, "parent");
      return {};
    });
    await expect(registering).rejects.toMatchObject({ code: "PARENT_NOT_FOUND" });
    expect(await graph.exists("image")).toBe(false);
    expect(await graph.exists("parent")).toBe(false);
    expect(await staged(graph)).toEqual([]);
  });

  it("refuses to become the child of its own descendant", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "a" });
    await addImage(graph, { id: "b", parent: "a" });
    await addImage(graph, { id: "c", parent: "b" });
    await removeImage(graph, "a", { force: true });
    await expect(addImage(graph, { id: "a", parent: "c" })).rejects.toMatchObject({ code: "PARENT_CYCLE" });
    await expect(addImage(graph, { id: "self", parent: "self" })).rejects.toMatchObject({
      code: "PARENT_CYCLE",
    });
  });

  it("refuses a bad record", async () => {
    const graph = await newGraph();
    const fill = async () => ({});
    await expect(graph.register({ record: Buffer.from("{") }, fill)).rejects.toMatchObject({
      code: "IMAGE_BROKEN",
    });
    await expect(graph.register({ record: Buffer.from('{"id":".."}') }, fill)).rejects.toMatchObject({
      code: "INVALID_ID",
    });
  });

  it("that fails leaves nothing behind, not even what only bytes can name", async () => {
    const graph = await newGraph();
    const registering = graph.register({ record: makeRecord({ id: "image" }) }, async (layer) => {
      writeFileSync(Buffer.from(`${layer}/not utf-8 \xff`, "latin1"), "");
      await mkdir(join(layer, "-rf/deep/closed"), { recursive: true });
      await execa("chmod", ["-R", "0", join(layer, "-rf")]);
      throw new Error("the archive ends too early");
    });
    await expect(registering).rejects.toThrow("the archive ends too early");
    expect(await staged(graph)).toEqual([]);
    expect(await graph.exists("image")).toBe(false);
  });

  it("that fails does not follow links out of the layer", async () => {
    const graph = await newGraph();
    const precious = await scratch.fresh();
    writeFileSync(join(precious, "file"), "");
    const registering = graph.register({ record: makeRecord({ id: "image" }) }, async (layer) => {
      symlinkSync(precious, join(layer, "link"));
      throw new Error("no");
    });
    await expect(registering).rejects.toThrow("no");
    expect(await staged(graph)).toEqual([]);
    expect(existsSync(join(precious, "file"))).toBe(true);
  });

  it("on a full disk is NO_SPACE", async () => {
    const graph = await newGraph();
    const registering = graph.register({ record: makeRecord({ id: "image" }) }, async () => {
      await writeFile("/dev/full", "x");
      return {};
    });
    await expect(registering).rejects.toMatchObject({
      code: "NO_SPACE",
      message: expect.stringContaining("image image cannot be stored"),
    });
    expect(await staged(graph)).toEqual([]);
  });

  it("that is aborted leaves nothing behind", async () => {
    const graph = await newGraph();
    const abort = new AbortController();
    const record = makeRecord({ id: "image" });
    const registering = graph.register(
      { record },
      async (layer) => {
        writeFileSync(join(layer, "file"), "");
        abort.abort();
        return {};
      },
      abort.signal,
    );
    await expect(registering).rejects.toMatchObject({ code: "CANCELLED" });
    expect(await staged(graph)).toEqual([]);
    expect(await graph.exists("image")).toBe(false);
    await expect(graph.register({ record }, async () => ({}), abort.signal)).rejects.toMatchObject({
      code: "CANCELLED",
    });
  });

  it("of one id many times at once succeeds once", async () => {
    const root = await scratch.fresh();
    const graphs = await Promise.all(Array.from({ length: 8 }, () => openGraph(root, { create: true })));
    // All are past the first look at the id before the first of them commits.
    let waiting = graphs.length;
    let open = () => {};
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const outcomes = await Promise.allSettled(
      graphs.map((graph, n) =>
        graph.register({ record: makeRecord({ id: "image", comment: `${n}` }) }, async (layer) => {
          writeFileSync(join(layer, "who"), `${n}`);
          waiting -= 1;
          if (waiting === 0) open();
          await gate;
          return {};
        }),
      ),
    );
    const won = outcomes.filter((outcome) => outcome.status === "fulfilled");
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "rejected") expect(outcome.reason).toMatchObject({ code: "IMAGE_EXISTS" });
    }
    const [graph] = graphs as [Graph];
    const winner = won[0]?.value.record.comment;
    expect((await graph.get("image")).record.comment).toBe(winner);
    expect(readFileSync(join(root, "graph/image/layer/who"), "utf8")).toBe(winner);
    expect(await staged(graph)).toEqual([]);
  });

  it("of one id by several processes at once succeeds in one", async () => {
    const graph = await newGraph();
    const program = `
      const { openGraph, makeRecord } = await import(process.argv[1]);
      const graph = await openGraph(process.argv[2]);
      const record = makeRecord({ id: "image", comment: process.argv[3] });
      const outcome = graph.register({ record }, async () => ({}));
      console.log(await outcome.then(() => "WON", ({ code }) => code));`;
    const processes = await Promise.all(
      ["0", "1", "2", "3"].map((n) => startNode(program, module, graph.root, n)),
    );
    const outcomes = processes.map(({ stdout }) => stdout);
    expect([...outcomes].sort()).toEqual(["IMAGE_EXISTS", "IMAGE_EXISTS", "IMAGE_EXISTS", "WON"]);
    expect((await graph.get("image")).record.comment).toBe(`${outcomes.indexOf("WON")}`);
    expect(await staged(graph)).toEqual([]);
  });
});
