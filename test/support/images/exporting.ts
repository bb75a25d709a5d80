// Exports of a graph for tests.
import { mkdir } from "node:fs/promises";
import type { Graph } from "../../../src/graph/index.js";
import { type Exported, type ExportRequest, exportImages } from "../../../src/interchange/index.js";
import { byEngine, hostEngine } from "../by-engine.js";
import { shell } from "../processes/shell.js";

/** Two threads that nobody else wants. */
export const freeThreads: ExportRequest["threads"] = {
  threads: 2,
  take: async () => ({ count: 2, [Symbol.dispose]: () => {} }),
  blocks: byEngine(hostEngine),
};

/** Exports into an empty directory. */
export function exportInto(
  stage: string,
  graph: Graph,
  references: readonly string[],
  request: Pick<ExportRequest, "format"> & Partial<ExportRequest>,
  signal: AbortSignal = new AbortController().signal,
): Promise<Exported> {
  const settings = { purpose: "a test", references, stage, threads: freeThreads };
  return exportImages(graph, { ...settings, ...request }, signal);
}

/** Unpacks an archive of files. */
export async function untar(archive: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await shell(`tar -xf '${archive}' -C '${directory}'`);
  return directory;
}
