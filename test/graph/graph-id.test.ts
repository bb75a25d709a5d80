import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { bundle, startNode } from "../support/processes/node-process.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
let module: string;

beforeAll(async () => {
  module = await bundle("graph/index.ts");
});

describe("the graph-id", () => {
  it("is a UUID, made once and kept", async () => {
    const root = await scratch.fresh();
    const graph = await openGraph(root);
    expect(readdirSync(root)).toEqual([]);
    const id = await graph.graphId();
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(await graph.graphId()).toBe(id);
    expect(await (await openGraph(root)).graphId()).toBe(id);
    expect(readFileSync(join(root, "graph-id"), "utf8").trim()).toBe(id);
    expect(readdirSync(root)).toEqual(["graph-id"]);
  });

  it("is the same for all who ask first", async () => {
    const root = await scratch.fresh();
    const program = `
      const { openGraph } = await import(process.argv[1]);
      const graph = await openGraph(process.argv[2]);
      console.log(await graph.graphId());`;
    const asked = await Promise.all([1, 2, 3, 4].map(() => startNode(program, module, root)));
    const ids = new Set(asked.map(({ stdout }) => stdout));
    const graph = await openGraph(root);
    for (let n = 0; n < 8; n++) ids.add(await graph.graphId());
    expect(ids.size).toBe(1);
    expect(readdirSync(root)).toEqual(["graph-id"]);
  });

  it.each(["", "not a UUID"])("is refused where the file holds %j", async (content) => {
    const root = await scratch.fresh();
    writeFileSync(join(root, "graph-id"), content);
    const graph = await openGraph(root);
    await expect(graph.graphId()).rejects.toMatchObject({
      code: "INTERNAL",
      message: expect.stringContaining(join(root, "graph-id")),
    });
  });
});
