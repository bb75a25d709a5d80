import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { type Graph, type ImageToAdd, makeRecord, openGraph } from "../../../src/graph/index.js";
import { run } from "../../../src/host/run.js";
import { addImage } from "../../support/images/made-images.js";
import { removeImage } from "../../support/images/remove-image.js";
import { childProcesses } from "../../support/processes/child-processes.js";
import { bundle, startNode } from "../../support/processes/node-process.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();
const created = "2026-01-01T00:00:00Z";
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

async function newGraph(): Promise<Graph> {
  return openGraph(await scratch.fresh(), { create: true });
}

/** An image to add whose layer holds one file, named and filled after it. */
function one(id: string, parent?: string, more: Partial<ImageToAdd> = {}): ImageToAdd {
  return {
    record: makeRecord({ id, parent, created }),
    isDerived: false,
    fill: async (layer) => {
      writeFileSync(join(layer, id), id);
      return { diffId: `sha256:${id}` };
    },
    ...more,
  };
}

/** What lies in the graph, in staging and among the leases. */
function contents({ root, directory }: Graph) {
  const ids = readdirSync(directory).filter((name) => name !== ":tmp:");
  const leases = join(root, "leases");
  const left = [join(directory, ":tmp:"), leases].flatMap((path) =>
    existsSync(path) ? readdirSync(path) : [],
  );
  return { ids: ids.sort(), left };
}

describe("registering a set of images", () => {
  it("adds all of them, with their facts and names, and leaves nothing else", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "base" });
    const names = new Map([
      ["app:latest", "c"],
      ["base:old", "base"],
    ]);
    const images = [one("a", "base"), one("b", "a", { jobId: "job-1" }), one("c", "b"), one("d")];
    expect(await graph.registerAll(images, { names, concurrency: 2 })).toEqual({
      added: ["a", "b", "c", "d"],
      present: [],
      moved: new Map(),
    });
    expect(contents(graph)).toEqual({ ids: ["a", "b", "base", "c", "d"], left: [] });
    expect((await graph.history("c")).map(({ id }) => id)).toEqual(["c", "b", "a", "base"]);
    expect(readFileSync(join(graph.directory, "b/json"))).toEqual(images[1]?.record);
    expect(readFileSync(join(graph.directory, "b/layer/b"), "utf8")).toBe("b");
    const facts = { diffId: "sha256:b", layerBytes: 1, entries: 1, whiteouts: 0, jobId: "job-1" };
    expect(await graph.layerFacts("b")).toEqual(facts);
    expect(await graph.names.all()).toEqual(names);
  });

  it("does not fill what is there, and tells which names have moved", async () => {
    const graph = await newGraph();
    await graph.registerAll([one("a"), one("b", "a")], {
      names: new Map([["app:latest", "b"]]),
      concurrency: 1,
    });
    const fill = () => Promise.reject(new Error("filled"));
    const derived = {
      ...one("b", "a", { fill, isDerived: true }),
      record: makeRecord({ id: "b", comment: "other" }),
    };
    const again = [one("a", undefined, { fill }), derived, one("c", "b")];
    expect(await graph.registerAll(again, { names: new Map([["app:latest", "c"]]), concurrency: 1 })).toEqual(
      {
        added: ["c"],
        present: ["a", "b"],
        moved: new Map([["app:latest", "b"]]),
      },
    );
    expect((await graph.get("b")).record.comment).toBeUndefined();
    const back = await graph.registerAll(again.slice(0, 2), {
      names: new Map([["app:latest", "b"]]),
      concurrency: 1,
    });
    expect(back).toEqual({ added: [], present: ["a", "b"], moved: new Map([["app:latest", "c"]]) });
    expect(contents(graph).left).toEqual([]);
  });

  it("has no image that is there, be it the same, where that must be new", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "a" });
    const racing = one("b", undefined, {
      mustBeNew: true,
      fill: async () => {
        await addImage(graph, { id: "b" });
        return {};
      },
    });
    for (const [image, id] of [
      [one("a", undefined, { mustBeNew: true }), "a"],
      [racing, "b"],
    ] as const) {
      const options = { names: new Map([["app:latest", id]]), concurrency: 1 };
      await expect(graph.registerAll([image], options)).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    }
    expect(await graph.names.all()).toEqual(new Map());
    expect(contents(graph)).toEqual({ ids: ["a", "b"], left: [] });
  });

  it("is refused before any work", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "there" });
    await addImage(graph, { id: "a" });
    await addImage(graph, { id: "b", parent: "a" });
    await removeImage(graph, "a", { force: true });
    mkdirSync(join(graph.directory, "broken"));
    const fill = () => Promise.reject(new Error("filled"));
    const refused: [string, ImageToAdd[], (readonly [string, string])[]][] = [
      ["IMAGE_EXISTS", [one("new"), one("there")], []],
      ["IMAGE_EXISTS", [one("new"), one("new")], []],
      ["IMAGE_BROKEN", [one("broken", undefined, { isDerived: true })], []],
      ["PARENT_NOT_FOUND", [one("new", "nobody")], []],
      ["PARENT_NOT_FOUND", [one("child", "new"), one("new")], []],
      ["PARENT_CYCLE", [one("a", "b")], []],
      ["PARENT_CYCLE", [one("top", "b"), one("a", "top")], []],
      ["IMAGE_NOT_FOUND", [one("new")], [["app:latest", "nobody"]]],
      ["INVALID_NAME", [one("new")], [["App", "new"]]],
      ["INVALID_ID", [one("new", undefined, { record: Buffer.from('{"id":".."}') })], []],
    ];
    const before = contents(graph);
    for (const [code, images, names] of refused) {
      const unfilled = images.map((image) => ({ ...image, fill }));
      const registering = graph.registerAll(unfilled, { names: new Map(names), concurrency: 1 });
      await expect(registering, code).rejects.toMatchObject({ code });
      expect(contents(graph)).toEqual(before);
    }
  });

  it("fills a number of layers side by side", async () => {
    const graph = await newGraph();
    let [running, most] = [0, 0];
    const open: (() => void)[] = [];
    const fill = async () => {
      running += 1;
      most = Math.max(most, running);
      // Three are let go once three have come; the last two once they have.
      await new Promise<void>((resolve) => {
        open.push(resolve);
        if (open.length === 3 || open.length === 5) for (const go of open) go();
      });
      running -= 1;
      return {};
    };
    const images = ["a", "b", "c", "d", "e"].map((id) => one(id, undefined, { fill }));
    await graph.registerAll(images, { concurrency: 3 });
    expect(most).toBe(3);
  });

  it("that fails ends the other layers, throws the first error, and leaves nothing", async () => {
    const graph = await newGraph();
    const sleep = { command: "sleep", package: "coreutils" };
    let begun = () => {};
    const sleeping = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const images = [
      one("a"),
      one("b", "a", {
        fill: async (_, signal) => {
          const running = run(sleep, ["1000"], { signal });
          begun();
          await running;
          return {};
        },
      }),
      one("c", "b", {
        fill: async () => {
          await sleeping;
          throw new Error("the archive ends too early");
        },
      }),
      one("d", "c", { fill: () => Promise.reject(new Error("begun after the failure")) }),
    ];
    const registering = graph.registerAll(images, { names: new Map([["app:latest", "c"]]), concurrency: 2 });
    await expect(registering).rejects.toThrow("the archive ends too early");
    expect((await childProcesses()).map(({ command }) => command)).not.toContain("sleep");
    expect(contents(graph)).toEqual({ ids: [], left: [] });
    expect(await graph.names.all()).toEqual(new Map());
  });

  it("that is cancelled leaves nothing", async () => {
    const graph = await newGraph();
    const abort = new AbortController();
    const fill = async () => {
      abort.abort();
      return {};
    };
    const registering = graph.registerAll(
      [one("a"), one("b", "a", { fill })],
      { concurrency: 1 },
      abort.signal,
    );
    await expect(registering).rejects.toMatchObject({ code: "CANCELLED" });
    expect(contents(graph)).toEqual({ ids: [], left: [] });
  });

  it("by several processes at once succeeds in all, and each layer is there once", async () => {
    const graph = await newGraph();
    const program = `
      const { writeFileSync } = await import("node:fs");
      const { openGraph, makeRecord } = await import(process.argv[1]);
      const graph = await openGraph(process.argv[2]);
      const images = ["a", "b", "c", "d", "e"].map((id, at, all) => ({
        record: makeRecord({ id, parent: all[at - 1], comment: process.argv[3] }),
        isDerived: true,
        fill: async (layer) => (writeFileSync(layer + "/who", process.argv[3]), {}),
      }));
      console.log(JSON.stringify(await graph.registerAll(images, { names: new Map([["app:latest", "e"]]), concurrency: 2 })));`;
    const processes = await Promise.all(
      ["0", "1", "2"].map((n) => startNode(program, module, graph.root, n)),
    );
    const outcomes = processes.map(({ stdout }) => JSON.parse(stdout));
    expect(outcomes.flatMap(({ added }) => added).sort()).toEqual(["a", "b", "c", "d", "e"]);
    for (const { added, present } of outcomes)
      expect([...added, ...present].sort()).toEqual(["a", "b", "c", "d", "e"]);
    expect(contents(graph)).toEqual({ ids: ["a", "b", "c", "d", "e"], left: [] });
    expect((await graph.history("e")).length).toBe(5);
    for (const { record, layerDirectory } of await graph.history("e"))
      expect(readFileSync(join(layerDirectory, "who"), "utf8")).toBe(record.comment);
  });

  it("keeps what it relies on from being deleted, by force too", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "parent" });
    const other = await openGraph(graph.root);
    const fill = async () => {
      for (const force of [false, true]) {
        await expect(removeImage(other, "parent", { force })).rejects.toMatchObject({
          code: "IMAGE_IN_USE",
          message: "the image parent is held by the import of job job-1",
        });
      }
      return {};
    };
    await graph.registerAll([one("child", "parent", { fill, jobId: "job-1" })], { concurrency: 1 });
    expect(contents(graph)).toEqual({ ids: ["child", "parent"], left: [] });
    await removeImage(graph, "child");
    await removeImage(graph, "parent");
  });

  it("does not commit once its lease has run out, and its parent may be deleted then", async () => {
    const graph = await newGraph();
    await addImage(graph, { id: "parent" });
    const fill = async () => {
      const [lease = ""] = readdirSync(join(graph.root, "leases"));
      const path = join(graph.root, "leases", lease);
      const content = JSON.parse(readFileSync(path, "utf8"));
      expect(content).toMatchObject({ purpose: "an import", ids: ["child", "parent"] });
      expect(Date.parse(content.expiresAt)).toBeGreaterThan(Date.now() + 5 * 60_000);
      const now = Number(process.hrtime.bigint() / 1_000_000n);
      writeFileSync(path, JSON.stringify({ ...content, expiresAt: new Date().toISOString(), endsAt: now }));
      await removeImage(graph, "parent");
      expect(readdirSync(join(graph.root, "leases"))).toEqual([]);
      return {};
    };
    const registering = graph.registerAll([one("child", "parent", { fill })], { concurrency: 1 });
    await expect(registering).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining("lease of an import has run out"),
    });
    expect(contents(graph)).toEqual({ ids: [], left: [] });
  });

  it.each([
    ["forward", 3_600_000],
    ["back", -3_600_000],
  ])("keeps its lease when the clock is set %s by an hour", async (_, step) => {
    const graph = await newGraph();
    await addImage(graph, { id: "parent" });
    const real = Date.now;
    const fill = async () => {
      vi.spyOn(Date, "now").mockImplementation(() => real() + step);
      await expect(removeImage(graph, "parent")).rejects.toMatchObject({ code: "IMAGE_IN_USE" });
      return {};
    };
    try {
      await graph.registerAll([one("child", "parent", { fill })], { concurrency: 1 });
      await removeImage(graph, "child");
      await removeImage(graph, "parent");
    } finally {
      vi.restoreAllMocks();
    }
    expect(contents(graph)).toEqual({ ids: [], left: [] });
  });

  it("gives way to another image of the same id that comes meanwhile, whole", async () => {
    const graph = await newGraph();
    const fill = async () => {
      await addImage(graph, { id: "b", comment: "another" });
      return {};
    };
    const registering = graph.registerAll([one("a"), one("b", "a", { fill })], { concurrency: 1 });
    await expect(registering).rejects.toMatchObject({ code: "IMAGE_EXISTS" });
    expect(contents(graph)).toEqual({ ids: ["b"], left: [] });
  });
});
