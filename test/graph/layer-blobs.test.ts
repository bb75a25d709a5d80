// What is remembered of the compressed forms of a layer.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type Graph, type KnownBlob, makeRecord, openGraph } from "../../src/graph/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });

async function withImage(blob: KnownBlob | undefined, use: (graph: Graph, path: string) => Promise<void>) {
  const graph = await openGraph(await scratch.fresh(), { create: true });
  try {
    await graph.register({ record: makeRecord({ id: "one" }) }, async () => ({ blob }));
    await use(graph, join(graph.directory, "one/blobs.json"));
  } finally {
    await graph.close();
  }
}

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;
const form = (letter: string, isMade = true): KnownBlob => ({
  diffId: digest("0"),
  compression: "gzip",
  digest: digest(letter),
  size: 7,
  isMade,
});

it("the form in which a layer came is remembered with it, and others in front of it, each once", () =>
  withImage(form("a", false), async (graph, path) => {
    expect(graph.knownBlobs("one")).toEqual([form("a", false)]);
    await graph.storeKnownBlob("one", form("b"));
    await graph.storeKnownBlob("one", form("a"));
    expect(graph.knownBlobs("one")).toEqual([form("a"), form("b")]);
    expect(JSON.parse(readFileSync(path, "utf8"))[0]).toEqual({
      diffId: digest("0"),
      compression: "gzip",
      digest: digest("a"),
      size: 7,
      made: true,
    });
    for (const letter of "0123456789") await graph.storeKnownBlob("one", form(letter));
    expect(graph.knownBlobs("one").map((blob) => blob.digest)).toEqual([..."98765432"].map(digest));
  }));

it("a file that is missing or damaged tells nothing, and is written anew", () =>
  withImage(undefined, async (graph, path) => {
    expect(graph.knownBlobs("one")).toEqual([]);
    for (const text of ["", "null", "{}", "[1, null, {}]", '[{"digest":"sha256:../../x"}]']) {
      writeFileSync(path, text);
      expect(graph.knownBlobs("one")).toEqual([]);
    }
    await graph.storeKnownBlob("one", form("a"));
    expect(graph.knownBlobs("one")).toEqual([form("a")]);
  }));

it("of an image that there is not nothing is remembered", () =>
  withImage(undefined, async (graph) => {
    expect(graph.knownBlobs("other")).toEqual([]);
    await expect(graph.storeKnownBlob("other", form("a"))).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  }));
