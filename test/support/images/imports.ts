// Imports without a queue: into a root of its own, and what must not be left there.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { openGraph } from "../../../src/graph/index.js";
import { type Imported, type ImportOptions, importImages } from "../../../src/interchange/index.js";

export const importLimits = {
  maxBytes: 1024 ** 2,
  maxEntries: 1_000,
  maxImportBytes: 4 * 1024 ** 2,
  maxRecordBytes: 4_000,
};

/** Imports what lies at a path into a root, which is made if need be. */
export async function importInto(
  root: string,
  path: string,
  options: Partial<ImportOptions> = {},
): Promise<Imported> {
  const graph = await openGraph(root, { create: true });
  await using file = await open(path, "r");
  try {
    return await importImages(graph, file, { limits: importLimits, ...options });
  } finally {
    await graph.close();
  }
}

/** Asserts that a root that was empty is empty again: no image, no name, no lease, nothing in staging. */
export function expectNoTrace(root: string): void {
  const graph = join(root, "graph");
  expect(readdirSync(graph).filter((name) => name !== ":tmp:")).toEqual([]);
  for (const directory of [join(graph, ":tmp:"), join(root, "leases")]) {
    if (existsSync(directory)) expect(readdirSync(directory)).toEqual([]);
  }
  const names = join(root, "repositories");
  if (existsSync(names)) expect(JSON.parse(readFileSync(names, "utf8"))).toEqual({ Repositories: {} });
}
