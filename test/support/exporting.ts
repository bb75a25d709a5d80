// Exports of a graph for tests, and what skopeo and umoci make of them.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "../../src/graph/index.js";
import { type Exported, type ExportRequest, exportImages } from "../../src/interchange/index.js";
import { shell } from "./shell.js";

/** Two threads that nobody else wants. */
export const freeThreads: ExportRequest["threads"] = {
  threads: 2,
  take: async () => ({ threads: 2, [Symbol.dispose]: () => {} }),
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

/** Copies an image by skopeo, with no policy in its way. @param from a transport with its path, as are `to` */
export async function skopeoCopy(from: string, to: string, ...flags: string[]): Promise<void> {
  await shell(`skopeo copy --quiet --insecure-policy ${flags.join(" ")} '${from}' '${to}'`);
}

/** Unpacks an image of an OCI layout by umoci; returns the directory of its tree. */
export async function umociUnpack(layout: string, reference: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const tree = join(directory, "tree");
  await shell(`umoci --log=error raw unpack --image '${layout}:${reference}' '${tree}'`);
  return tree;
}

/** Unpacks an archive of files. */
export async function untar(archive: string, directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  await shell(`tar -xf '${archive}' -C '${directory}'`);
  return directory;
}
