// What removals rely on without a new look at the graph, against a reading of every record, whoever adds images meanwhile.
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { expect, it } from "vitest";
import { openImageIndex } from "../../src/graph/image-index.js";
import { openParentIndex } from "../../src/graph/parent-index.js";
import { takeOutImage } from "../../src/graph/removal.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const ids = ["a", "b", "c", "d", "e"];

/** Puts an image there by a rename out of staging, as every version and Docker 0.3 do. */
function put(graph: string, id: string, parent: string | undefined): void {
  const staged = join(graph, ":tmp:", "foreign");
  mkdirSync(join(staged, "layer"), { recursive: true });
  writeFileSync(join(staged, "json"), JSON.stringify({ id, parent }));
  rmSync(join(graph, id), { recursive: true, force: true });
  renameSync(staged, join(graph, id));
}

function childrenOf(graph: string, parent: string): string[] {
  const there = readdirSync(graph).filter((name) => name !== ":tmp:");
  return there.filter((id) => JSON.parse(`${readFileSync(join(graph, id, "json"))}`).parent === parent);
}

/** A graph whose looks serve for ever, with a removal that lets others change it at its most delicate moment. */
async function watched(meanwhile: () => void) {
  const graph = join(await scratch.fresh(), "graph");
  mkdirSync(join(graph, ":tmp:"), { recursive: true });
  const place = { directory: graph, host: "here" };
  let looks = 0;
  const names = openImageIndex(graph);
  const index = () => {
    looks++;
    return names();
  };
  const parentIndex = openParentIndex(graph, index, () => Number.POSITIVE_INFINITY);
  const sources = {
    parentIndex,
    names: { byImage: async () => new Map(), forget: async () => {} },
    locked: <T>(work: () => Promise<T>) => work(),
    // It is asked between the look at the children and the rename.
    async holders() {
      meanwhile();
      return [];
    },
  };
  const remove = async (id: string) => {
    const path = await takeOutImage(place, id, sources, { force: false });
    rmSync(path, { recursive: true });
  };
  return { graph, remove, looks: () => looks };
}

it("never takes out an image that has a child, whenever that was added", async () => {
  const step = fc.record({
    id: fc.constantFrom(...ids),
    parent: fc.constantFrom(...ids),
    when: fc.constantFrom("before", "meanwhile", "after"),
    removed: fc.constantFrom(...ids),
    settles: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 8 }), async (steps) => {
      let meanwhile = () => {};
      const { graph, remove } = await watched(() => meanwhile());
      for (const id of ids) put(graph, id, undefined);
      for (const { id, parent, when, removed, settles } of steps) {
        if (settles) await new Promise((resolve) => setTimeout(resolve, 30));
        const add = () => put(graph, id, parent);
        meanwhile = () => {};
        if (when === "before") add();
        // The removed one's own children are kept out by its lock.
        else if (when === "meanwhile" && id !== removed && parent !== removed) meanwhile = add;
        const children = childrenOf(graph, removed);
        const isThere = readdirSync(graph).includes(removed);
        const outcome = await remove(removed).then(
          () => "removed",
          (error: { code: string }) => error.code,
        );
        expect(outcome).toBe(!isThere ? "IMAGE_NOT_FOUND" : children.length > 0 ? "IMAGE_IN_USE" : "removed");
        if (when === "after") add();
      }
    }),
    { numRuns: 12 },
  );
});

it("looks at the graph once for many removals, and again when somebody else has changed it", async () => {
  const { graph, remove, looks } = await watched(() => {});
  for (let number = 0; number < 30; number++) put(graph, `head-${number}`, "base");
  put(graph, "base", undefined);
  await new Promise((resolve) => setTimeout(resolve, 30));
  for (let number = 0; number < 28; number++) await remove(`head-${number}`);
  // A removal that is through within one tick of the clock proves nothing, and the next one looks again.
  expect(looks()).toBeLessThan(10);
  await expect(remove("base")).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
  await remove("head-28");
  const before = looks();
  put(graph, "other", undefined);
  await remove("head-29");
  expect(looks()).toBe(before + 1);
  await remove("base");
});

it("sees an image that was added in the tick of a removal", async () => {
  let meanwhile = () => {};
  const { graph, remove } = await watched(() => meanwhile());
  for (let round = 0; round < 8; round++) {
    for (const id of ["head", "base"]) put(graph, id, undefined);
    await new Promise((resolve) => setTimeout(resolve, 30));
    meanwhile = () => put(graph, "child", "base");
    await remove("head");
    meanwhile = () => {};
    await expect(remove("base")).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
    rmSync(join(graph, "child"), { recursive: true });
    await remove("base");
  }
});
