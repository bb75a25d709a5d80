// The documents of images that the graph has: a pull of what is there already fetches none of them again.
import { type Graph, readConfig, readManifest } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { digestOf } from "../formats/index.js";
import { configOfImage, outgoingLayer } from "../target/index.js";
import type { KnownDocuments } from "./remote-files.js";

/**
 * Finds documents by their digests: the configs of all images that came with one, and the manifest of the image that has a
 * name now, or the config that one is given which was made here.
 */
export async function knownDocuments(graph: Graph, name: string | undefined): Promise<KnownDocuments> {
  const named = new Map<string, Buffer>();
  const id = name === undefined ? undefined : await whole(() => graph.names.lookup(name));
  const documents = id === undefined ? [] : ((await whole(() => documentsOf(graph, id))) ?? []);
  for (const bytes of documents) named.set(digestOf(bytes), bytes);
  return async (digest) => named.get(digest) ?? (await whole(() => configOf(graph, digest)));
}

async function configOf(graph: Graph, digest: string): Promise<Buffer | undefined> {
  const id = digest.replace("sha256:", "");
  return (await graph.exists(id)) ? readConfig(await graph.get(id)) : undefined;
}

/** What an image came with, or would go out with by the digests that its layers came with. */
async function documentsOf(graph: Graph, id: string): Promise<Buffer[]> {
  const chain = (await graph.history(id)).toReversed();
  const top = chain.at(-1);
  if (top === undefined) return [];
  const manifest = readManifest(top);
  if (manifest !== undefined) return [manifest];
  const layers = chain.filter((image) => readConfig(image) === undefined);
  const diffIds = new Map<string, string>();
  for (const layer of layers) {
    const { diffId, known } = await outgoingLayer(graph, layer);
    // What came back from a registry was unpacked of a tar, and is known by that.
    const out = diffId ?? known[0]?.diffId ?? (await graph.layerFacts(layer.id)).diffId;
    if (out !== undefined) diffIds.set(layer.id, out);
  }
  return [configOfImage({ id, names: [], chain, layers }, diffIds, { isCanonical: false })];
}

/** What is damaged in the graph, or cannot be told by it, is fetched. */
async function whole<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StevedoreError) return undefined;
    throw error;
  }
}
