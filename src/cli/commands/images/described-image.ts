// What a question says of an image.
import { type Graph, openGraph } from "../../../graph/index.js";
import { StevedoreError, shortId } from "../../../terms/index.js";
import type { Config } from "../../config.js";
import { formatBytes } from "../../terminal/index.js";

interface DescribedImage {
  readonly id: string;
  /** Its short id, its names and its size, as far as they are known. */
  readonly text: string;
  /** How many images build on it. */
  readonly children: number;
}

/** Describes an image; undefined for a reference that means none, or several, in the graph of this root. */
export async function describeImage(config: Config, reference: string): Promise<DescribedImage | undefined> {
  try {
    const graph = await openGraph(config.root, { host: config.host });
    const id = await graph.resolve(reference);
    if (!(await graph.exists(id))) return undefined;
    const names = await orUndefined(async () => (await graph.names.byImage()).get(id));
    const children = await graph.children(id);
    return { id, text: await textOf(graph, id, names ?? []), children: children.length };
  } catch (error) {
    if (error instanceof StevedoreError) return undefined;
    throw error;
  }
}

/** `image 27cf78414709 (web:1.2), 12.3 MiB` */
export async function textOf(graph: Graph, id: string, names: readonly string[]): Promise<string> {
  const facts = await orUndefined(() => graph.layerFacts(id));
  const named = names.length === 0 ? "" : ` (${names.join(", ")})`;
  return `image ${shortId(id)}${named}${facts === undefined ? "" : `, ${formatBytes(facts.layerBytes)}`}`;
}

/** What is damaged is not described. */
async function orUndefined<T>(read: () => Promise<T>): Promise<T | undefined> {
  return read().catch((error: unknown) => {
    if (error instanceof StevedoreError) return undefined;
    throw error;
  });
}
