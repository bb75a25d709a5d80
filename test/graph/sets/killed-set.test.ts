// Killed at any moment, a process that registers a set of images leaves all of them or none.

import { cpSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import { beforeAll, describe, expect, it } from "vitest";
import { makeRecord, openGraph } from "../../../src/graph/index.js";
import { ids, left, open, register, seen } from "../../support/images/image-set.js";
import { removeImage } from "../../support/images/remove-image.js";
import { diskCalls, runUntil } from "../../support/processes/killed-at.js";
import { bundle, firstOutput, startNode } from "../../support/processes/node-process.js";
import { asNobody } from "../../support/processes/unprivileged.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory({ inMemory: true });
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

describe("a process that registers a set of images", () => {
  it.each(diskCalls)(
    "killed at any %s leaves all or nothing, to who opens the graph or has it open",
    async (call) => {
      const outcomes: unknown[] = [];
      for (let at = 1; ; at++) {
        const root = await scratch.fresh();
        const openBefore = await openGraph(root, { create: true });
        expect(await seen(openBefore)).toBe("nothing");
        const hasEnded = await runUntil(call, at, register, module, root);
        const graph = at % 2 === 0 ? openBefore : await openGraph(root);
        outcomes.push(await seen(graph));
        expect(await left(graph)).toEqual([]);
        expect(await seen(graph)).toBe(outcomes.at(-1));
        if (hasEnded) break;
      }
      const decided = outcomes.indexOf("all");
      expect(outcomes).toEqual(outcomes.map((_, at) => (at < decided ? "nothing" : "all")));
      // The lease, the journal, each image, the names and the end of the journal.
      if (call === "rename") expect([decided, outcomes.length]).toEqual([2, ids.length + 5]);
    },
  );

  it("is completed though those that do so are killed at any of their calls", async () => {
    const decided = await decidedSet();
    for (const call of diskCalls) {
      for (let at = 1; ; at++) {
        const root = await scratch.fresh();
        cpSync(decided, root, { recursive: true });
        const hasEnded = await runUntil(call, at, open, module, root);
        // Two at once.
        const [graph] = await Promise.all([openGraph(root), openGraph(root)]);
        expect(await seen(graph)).toBe("all");
        expect(await left(graph)).toEqual([]);
        if (hasEnded) break;
      }
    }
  });

  it("and is not completed by one that may not write, which reads what there is", async () => {
    const root = await decidedSet();
    // A link made readable: what was registered is its owner's alone.
    await execa("chmod", ["-R", "a+rX", root, join(root, "..")]);
    await asNobody(async () => {
      const graph = await openGraph(root);
      expect(await graph.imageCount()).toBe(0);
    });
    expect(await seen(await openGraph(root))).toBe("all");
  });

  it("holds its images until it is complete", async () => {
    const root = await decidedSet();
    const [name = ""] = readdirSync(join(root, "graph/:tmp:")).filter((each) => each.endsWith(".journal"));
    // Of another host, which alone may complete it.
    const renamed = (each: string) =>
      each
        .replace(/(?:\.[^.]*)?(-[0-9a-f]{16}(?:\.journal)?)$/, ".elsewhere$1")
        .replace(/^[0-9a-f]{8}/, "00000000");
    for (const each of [name, name.replace(".journal", "")])
      renameSync(join(root, "graph/:tmp:", each), join(root, "graph/:tmp:", renamed(each)));
    const graph = await openGraph(root, { host: "here" });
    expect(await graph.imageCount()).toBe(0);
    await graph.register({ record: makeRecord({ id: "a" }) }, async () => ({}));
    await expect(removeImage(graph, "a", { force: true })).rejects.toMatchObject({
      code: "IMAGE_IN_USE",
      message: "the image a is held by an import that is not complete",
    });
    // That host finds another image of one of the ids: all or nothing.
    const there = await openGraph(root, { host: "elsewhere" });
    expect(await there.names.all()).toEqual(new Map());
    expect(readdirSync(join(root, "graph")).sort()).toEqual([":tmp:", "a"]);
    await removeImage(there, "a");
    expect(await left(there)).toEqual([]);
  });

  it("killed at any time leaves all or nothing", async () => {
    for (let round = 0; round < 6; round++) {
      const root = await scratch.fresh();
      const child = startNode(`console.log("begun");${register}`, module, root);
      await firstOutput(child);
      await sleep(Math.random() * 150);
      child.kill("SIGKILL");
      await child.catch(() => undefined);
      const graph = await openGraph(root, { create: true });
      const outcome = await seen(graph);
      expect(await left(graph)).toEqual([]);
      expect(await seen(graph)).toBe(outcome);
    }
  });
});

/** A root in which a set was decided, and nothing of it is in its place. */
async function decidedSet(): Promise<string> {
  const root = await scratch.fresh();
  // After that of the lease and that of the journal.
  expect(await runUntil("rename", 3, register, module, root)).toBe(false);
  expect(readdirSync(join(root, "graph"))).toEqual([":tmp:"]);
  expect(readdirSync(join(root, "graph/:tmp:")).filter((name) => name.endsWith(".journal"))).toHaveLength(1);
  return root;
}
