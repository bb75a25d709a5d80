import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { openGraph, type StoredChecksum } from "../../../src/graph/index.js";
import { addImage } from "../../support/images/made-images.js";
import { bundle, startNode } from "../../support/processes/node-process.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

function entryOf(digit: string): StoredChecksum {
  return {
    checksum: `sha256:${digit.repeat(64)}`,
    tarDigest: `sha256:${"f".repeat(64)}`,
    layerBytes: 7,
    archiveBytes: 3,
    computedAt: "2026-01-01T00:00:00.000Z",
  };
}

async function graphWithImage() {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  const image = await addImage(graph, { id: "image" });
  return { graph, path: join(image.directory, "checksum.json") };
}

describe("the stored checksums of an image", () => {
  it("are kept by recipe", async () => {
    const { graph, path } = await graphWithImage();
    expect(await graph.storedChecksums("image")).toEqual({});
    expect(await graph.storedChecksum("image", "xz-6")).toBeUndefined();
    await graph.storeChecksum("image", "xz-6", entryOf("1"));
    await graph.storeChecksum("image", "xz-1", entryOf("2"));
    await graph.storeChecksum("image", "xz-6", entryOf("3"));
    const expected = { "xz-6": entryOf("3"), "xz-1": entryOf("2") };
    expect(JSON.parse(readFileSync(path, "utf8"))).toEqual(expected);
    const other = await openGraph(graph.root);
    expect(await other.storedChecksums("image")).toEqual(expected);
    expect(await other.storedChecksum("image", "xz-1")).toEqual(entryOf("2"));
  });

  it("are at hand by a whole id, as whoever changes them leaves them", async () => {
    const { graph, path } = await graphWithImage();
    const other = await openGraph(graph.root);
    const atHand = () => graph.checksumAtHand("image", "xz-6");
    expect(atHand()).toBeUndefined();
    await other.storeChecksum("image", "xz-6", entryOf("1"));
    // Until a stamp proves that nothing has changed.
    await setTimeout(40);
    for (const _ of [1, 2]) expect(atHand()).toEqual(entryOf("1"));
    expect(await graph.storedChecksum("image", "xz-6")).toEqual(entryOf("1"));
    for (const reference of ["imag", "nobody", "image:latest", "../graph/image"]) {
      expect(graph.checksumAtHand(reference, "xz-6")).toBeUndefined();
    }
    for (const recipe of ["xz-1", "constructor"])
      expect(graph.checksumAtHand("image", recipe)).toBeUndefined();

    await other.storeChecksum("image", "xz-6", entryOf("2"));
    expect(atHand()).toEqual(entryOf("2"));
    await setTimeout(40);
    expect(atHand()).toEqual(entryOf("2"));
    rmSync(path);
    expect(atHand()).toBeUndefined();
    expect(await graph.storedChecksum("image", "xz-6")).toBeUndefined();

    await other.storeChecksum("image", "xz-6", entryOf("3"));
    await setTimeout(40);
    expect(atHand()).toEqual(entryOf("3"));
    rmSync(dirname(path), { recursive: true });
    expect(atHand()).toBeUndefined();
    await addImage(other, { id: "image" });
    expect(atHand()).toBeUndefined();
    await other.storeChecksum("image", "xz-6", entryOf("4"));
    expect(atHand()).toEqual(entryOf("4"));
  });

  it("are read once for as long as they do not change", async () => {
    const { graph, path } = await graphWithImage();
    await graph.storeChecksum("image", "xz-6", entryOf("1"));
    await setTimeout(40);
    const first = graph.checksumAtHand("image", "xz-6");
    expect(graph.checksumAtHand("image", "xz-6")).toBe(first);
    // The same bytes, by another hand.
    writeFileSync(path, readFileSync(path));
    expect(graph.checksumAtHand("image", "xz-6")).not.toBe(first);
    expect(graph.checksumAtHand("image", "xz-6")).toEqual(first);
  });

  it("take a recipe of any name", async () => {
    const { graph } = await graphWithImage();
    const odd = ["constructor", "__proto__", "toString", ""];
    for (const recipe of odd) expect(await graph.storedChecksum("image", recipe)).toBeUndefined();
    for (const recipe of odd) await graph.storeChecksum("image", recipe, entryOf("1"));
    for (const recipe of odd) expect(await graph.storedChecksum("image", recipe)).toEqual(entryOf("1"));
  });

  it("are none where the file is damaged, and are written anew", async () => {
    const { graph, path } = await graphWithImage();
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (content) => {
        writeFileSync(path, content);
        expect(await graph.storedChecksums("image")).toEqual({});
      }),
      { numRuns: 50 },
    );
    writeFileSync(path, '{"xz-6":');
    await graph.storeChecksum("image", "xz-1", entryOf("1"));
    expect(await graph.storedChecksums("image")).toEqual({ "xz-1": entryOf("1") });
  });

  it("are kept without those entries that are not whole", async () => {
    const { graph, path } = await graphWithImage();
    writeFileSync(
      path,
      JSON.stringify({ "xz-6": { checksum: "sha256:1" }, "xz-1": entryOf("1"), docker: null }),
    );
    expect(await graph.storedChecksums("image")).toEqual({ "xz-1": entryOf("1") });
  });

  it("survive a crash in the middle of a write", async () => {
    const { graph, path } = await graphWithImage();
    await graph.storeChecksum("image", "xz-6", entryOf("1"));
    writeFileSync(`${path}.new`, '{"xz-6":{"che');
    expect(await graph.storedChecksum("image", "xz-6")).toEqual(entryOf("1"));
    await graph.storeChecksum("image", "xz-1", entryOf("2"));
    expect(await graph.storedChecksums("image")).toEqual({ "xz-6": entryOf("1"), "xz-1": entryOf("2") });
  });

  it("of an image that is not there are refused, and make nothing", async () => {
    const { graph } = await graphWithImage();
    for (const recipe of ["xz-6", "docker"]) {
      await expect(graph.storeChecksum("nobody", recipe, entryOf("1"))).rejects.toMatchObject({
        code: "IMAGE_NOT_FOUND",
      });
    }
    expect(await graph.exists("nobody")).toBe(false);
    await graph.close();
  });

  it("that cannot be written fail with a code", async () => {
    const { graph, path } = await graphWithImage();
    mkdirSync(`${path}.new`);
    await expect(graph.storeChecksum("image", "xz-6", entryOf("1"))).rejects.toMatchObject({
      code: "INTERNAL",
    });
  });

  it("are none of them lost when several processes add theirs at once", async () => {
    const { graph } = await graphWithImage();
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const [, , root, name, entry] = process.argv;
      const graph = await openGraph(root);
      const recipes = [0, 1, 2, 3, 4].map((n) => name + n);
      await Promise.all(recipes.map((recipe) => graph.storeChecksum("image", recipe, JSON.parse(entry))));`;
    const names = ["a", "b", "c", "d"];
    const entry = JSON.stringify(entryOf("1"));
    await Promise.all(names.map((name) => startNode(program, module, graph.root, name, entry)));
    const recipes = names.flatMap((name) => [0, 1, 2, 3, 4].map((n) => `${name}${n}`));
    expect(Object.keys(await graph.storedChecksums("image")).sort()).toEqual(recipes);
  });
});

describe("a link in a graph of unknown origin", () => {
  it("leads no writing to a file elsewhere", async () => {
    const { graph, path } = await graphWithImage();
    const victim = join(await scratch.fresh(), "victim");
    writeFileSync(victim, "precious");
    mkdirSync(join(graph.root, "checksums.pending"));
    for (const link of [
      `${path}.new`,
      join(graph.root, "checksums.new"),
      join(graph.root, "checksums.pending/image"),
    ])
      symlinkSync(victim, link);
    await graph.storeChecksum("image", "docker", entryOf("1"));
    await graph.close();
    expect(readFileSync(victim, "utf8")).toBe("precious");
    expect(JSON.parse(readFileSync(join(graph.root, "checksums"), "utf8"))).toEqual({
      image: entryOf("1").checksum,
    });
  });

  it("leads no reading of stored checksums to one", async () => {
    const { graph, path } = await graphWithImage();
    await graph.storeChecksum("image", "xz-6", entryOf("1"));
    const elsewhere = join(await scratch.fresh(), "elsewhere");
    writeFileSync(elsewhere, readFileSync(path));
    rmSync(path);
    symlinkSync(elsewhere, path);
    expect(await graph.storedChecksums("image")).toEqual({});
  });
});
