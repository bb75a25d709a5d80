// A set of images with names, registered by a process of its own that may be killed, and what is left of it.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { removeAbandonedStaging } from "../../../src/disk/staging.js";
import { type Graph, openGraph } from "../../../src/graph/index.js";

export const ids = ["a", "b", "c", "d", "e", "f"];
const names = { "app:latest": "f", "base:1": "b" };
/** Registers the set in the root that is its second argument, the bundled module of the graph being its first. */
export const register = `
  const { writeFileSync } = await import("node:fs");
  const { openGraph, makeRecord } = await import(process.argv[1]);
  const graph = await openGraph(process.argv[2], { create: true });
  const images = ${JSON.stringify(ids)}.map((id, at, all) => ({
    record: makeRecord({ id, parent: all[at - 1] }),
    isDerived: false,
    fill: async (layer) => (writeFileSync(layer + "/file", id), {}),
  }));
  await graph.registerAll(images, { names: new Map(Object.entries(${JSON.stringify(names)})), concurrency: 2 });`;
/** Opens that root. */
export const open = `
  const { openGraph } = await import(process.argv[1]);
  await openGraph(process.argv[2]);`;

/** What a graph has: all, with its names; nothing; or what there is. */
export async function seen(graph: Graph): Promise<unknown> {
  const there = [];
  for await (const { image } of graph.list()) there.push(image?.id);
  const named = Object.fromEntries(await graph.names.all());
  if (there.length === 0 && Object.keys(named).length === 0) return "nothing";
  for (const id of ids) expect(readFileSync(join(graph.directory, id, "layer/file"), "utf8")).toBe(id);
  expect({ there, named }).toEqual({ there: ids, named: names });
  return "all";
}

/** What lies in staging and among the leases once a worker has started. */
export async function left({ root }: Graph): Promise<string[]> {
  await removeAbandonedStaging(await openGraph(root, { create: true }));
  return [join(root, "graph/:tmp:"), join(root, "leases")].flatMap((path) =>
    existsSync(path) ? readdirSync(path) : [],
  );
}
