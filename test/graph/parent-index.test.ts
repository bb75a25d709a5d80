// The parent index against a naive reading, whoever changes the graph.

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Graph, openGraph } from "../../src/graph/index.js";
import { addImage } from "../support/images/made-images.js";
import { removeImage } from "../support/images/remove-image.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const ids = ["a", "b", "c", "d", "e"];

/** Puts an image there as a whole, by one rename, as every writer does. */
function put(graph: Graph, id: string, parent: string | undefined): void {
  const staged = join(graph.root, "staged");
  mkdirSync(join(staged, "layer"), { recursive: true });
  writeFileSync(join(staged, "json"), JSON.stringify({ id, parent }));
  rmSync(join(graph.directory, id), { recursive: true, force: true });
  renameSync(staged, join(graph.directory, id));
}

/** The children by reading every record. */
function naiveChildren(graph: Graph, parent: string): string[] {
  return readdirSync(graph.directory)
    .filter((id) => id !== ":tmp:")
    .filter((id) => JSON.parse(readFileSync(join(graph.directory, id, "json"), "utf8")).parent === parent)
    .sort();
}

describe("the children of an image", () => {
  it("are those that a reading of every record finds, after any changes by anybody", async () => {
    const change = fc.record({
      id: fc.constantFrom(...ids),
      parent: fc.option(fc.constantFrom(...ids), { nil: undefined }),
      // Replaced or added, its record rewritten in its place, or removed.
      kind: fc.constantFrom("put", "rewrite", "remove"),
      asked: fc.constantFrom(...ids),
      // Time in which what was read becomes settled, so that it is remembered.
      pause: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 25 }), async (changes) => {
        const graph = await openGraph(await scratch.fresh(), { create: true });
        const other = await openGraph(graph.root);
        for (const { id, parent, kind, asked, pause } of changes) {
          const there = readdirSync(graph.directory).includes(id);
          const json = join(graph.directory, id, "json");
          if (kind === "put") put(graph, id, parent);
          else if (kind === "rewrite" && there) writeFileSync(json, JSON.stringify({ id, parent }));
          else if (kind === "remove") rmSync(join(graph.directory, id), { recursive: true, force: true });
          if (pause) await settle(graph);
          const expected = naiveChildren(graph, asked);
          expect(await graph.children(asked)).toEqual(expected);
          expect(await other.children(asked)).toEqual(expected);
        }
      }),
      { numRuns: 40 },
    );
  });

  it("are known to a deletion though another open graph has added, deleted and replaced them", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    const other = await openGraph(graph.root);
    await addImage(graph, { id: "parent" });
    await addImage(graph, { id: "other-parent" });
    await addImage(graph, { id: "child", parent: "other-parent" });
    await settle(graph);
    expect(await graph.children("parent")).toEqual([]);
    await removeImage(other, "child");
    await addImage(other, { id: "child", parent: "parent" });
    await expect(removeImage(graph, "parent")).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
    expect(await removeImage(graph, "other-parent")).toBe("other-parent");
    await removeImage(other, "child");
    expect(await removeImage(graph, "parent")).toBe("parent");
  });

  it("are found by several who ask at once while the graph changes", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    put(graph, "parent", undefined);
    for (let round = 0; round < 50; round++) {
      put(graph, `child-${round}`, "parent");
      const expected = naiveChildren(graph, "parent");
      const answers = await Promise.all(Array.from({ length: 4 }, () => graph.children("parent")));
      for (const answer of answers) expect(answer).toEqual(expected);
    }
  });

  it("are not looked for any further when it is aborted", async () => {
    const graph = await openGraph(await scratch.fresh(), { create: true });
    put(graph, "a", undefined);
    await expect(graph.children("b", AbortSignal.abort())).rejects.toMatchObject({ code: "CANCELLED" });
  });
});

/** Waits until the kernel's clock has left the time of the last change so far behind that a reading is believed. */
async function settle(graph: Graph): Promise<void> {
  const changed = Date.now();
  await expect.poll(() => Date.now() - changed, { interval: 5 }).toBeGreaterThan(25);
  await graph.children("a");
}
