// Images of layers that lie there as directories, put into a graph without a job.
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Graph, openGraph } from "../../../src/graph/index.js";
import { canonicalTar, digestLayer } from "../../../src/layer/index.js";
import { openManifestWriter } from "../../../src/layer/manifest-file.js";

/** The id of a layer of an image that `layImage` makes. */
export function layerId(name: string, number: number): string {
  return `${name}${number}`.padEnd(64, "0");
}

/**
 * Moves layers into a graph, each as the parent of the next above.
 * @param layers directories, topmost first
 * @param parent what the lowest is made on
 * @returns the ids, topmost first
 */
export function layImage(
  root: string,
  name: string,
  layers: readonly string[],
  parent?: string,
): [string, ...string[]] {
  let below = parent;
  const ids: string[] = [];
  for (const [number, layer] of layers.toReversed().entries()) {
    const id = layerId(name, number);
    const directory = join(root, "graph", id);
    mkdirSync(directory, { recursive: true });
    renameSync(layer, join(directory, "layer"));
    writeFileSync(join(directory, "json"), JSON.stringify({ id, parent: below }));
    ids.unshift(id);
    below = id;
  }
  return ids as [string, ...string[]];
}

/** Gives a layer the manifest, and the checksum beside it, that a checksum job leaves. */
export async function addManifest(graph: Graph, id: string): Promise<void> {
  const { layerDirectory } = await graph.get(id);
  const { tarDigest } = await digestLayer(layerDirectory);
  await graph.withStaging(async (path) => {
    {
      await using manifest = await openManifestWriter(path);
      for await (const chunk of canonicalTar(layerDirectory)) await manifest.accept(chunk);
      await manifest.finish(tarDigest);
    }
    await graph.storeManifest(id, path);
  });
  const computedAt = new Date().toISOString();
  const entry = { checksum: tarDigest, tarDigest, layerBytes: 0, archiveBytes: 0, computedAt };
  await graph.storeChecksum(id, "xz-v1", entry);
}

/** Opens the graph below a root for as long as the work takes. */
export async function withGraph<T>(root: string, work: (graph: Graph) => Promise<T>): Promise<T> {
  const graph = await openGraph(root, { create: true });
  try {
    return await work(graph);
  } finally {
    await graph.close();
  }
}
