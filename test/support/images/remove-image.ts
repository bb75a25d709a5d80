// Removes an image from a graph in which nothing is mounted.
import { removeTree } from "../../../src/disk/index.js";
import type { Graph } from "../../../src/graph/index.js";

/** Takes an image out of the graph, then off the disk. Returns its id. */
export async function removeImage(
  graph: Graph,
  reference: string,
  options?: { readonly force?: boolean | undefined },
  signal?: AbortSignal | undefined,
): Promise<string> {
  const id = await graph.resolve(reference);
  await removeTree(await graph.takeOut(id, options, signal));
  return id;
}
