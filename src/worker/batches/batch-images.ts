// Lists the images of a batch.
import { createYielder } from "../../disk/index.js";
import type { Graph, Image } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { FailedImage } from "./batch.js";

interface BatchImages {
  /** Each once, with the bytes of its layer. */
  readonly images: readonly { readonly id: string; readonly layerBytes: number }[];
  /** Images that cannot be loaded, by the names they were asked for. */
  readonly failed: readonly FailedImage[];
}

/**
 * Lists the images of these ids or prefixes, or all images of the graph.
 * @throws `CANCELLED`
 */
export async function listBatch(
  graph: Graph,
  references: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<BatchImages> {
  const found = new Map<string, number>();
  const failed: FailedImage[] = [];
  const turn = createYielder(signal);
  const take = async (id: string, load: () => Promise<Image>) => {
    await turn();
    try {
      const image = await load();
      found.set(image.id, (await graph.layerFacts(image.id, signal)).layerBytes);
    } catch (error) {
      if (!(error instanceof StevedoreError) || error.code === "CANCELLED") throw error;
      failed.push({ id, code: error.code, message: error.message });
    }
  };
  if (references !== undefined) {
    for (const reference of references) await take(reference, () => graph.get(reference));
  } else {
    for await (const { image, broken } of graph.list(signal)) {
      if (broken !== undefined) failed.push(broken);
      else await take(image.id, async () => image);
    }
  }
  return { images: [...found].map(([id, layerBytes]) => ({ id, layerBytes })), failed };
}
