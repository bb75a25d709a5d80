// As what a layer goes out: the tar that it came as, or its canonical tar; and what is known of that before it is made.
import { existsSync } from "node:fs";
import { type Graph, type Image, type KnownBlob, layerImageId, splitPath } from "../../graph/index.js";
import type { OriginalTar } from "./layer-blob.js";

/** A layer of an image that goes out. */
export interface OutgoingLayer {
  readonly image: Image;
  /** The tar that it came as, if that can be made again. Without it, it is made anew as its canonical tar. */
  readonly original: OriginalTar | undefined;
  /** The digest of the tar that its id stands for; undefined for a layer whose id stands for no tar. */
  readonly diffId: string | undefined;
  /** The compressed forms that are known of that tar, or of the canonical one where it is made anew; that tar's first. */
  readonly known: readonly KnownBlob[];
}

/** Tells as what a layer goes out. @throws as `Graph.layerFacts` */
export async function outgoingLayer(graph: Graph, image: Image): Promise<OutgoingLayer> {
  const { id, parent, directory } = image;
  const facts = await graph.layerFacts(id);
  const isDerived = facts.diffId !== undefined && layerImageId(parent, facts.diffId) === id;
  const diffId = isDerived ? facts.diffId : undefined;
  const path = splitPath(directory);
  const original = diffId !== undefined && existsSync(path) ? { splitPath: path, diffId } : undefined;
  const all = graph.knownBlobs(id);
  const asItCame = all.filter((blob) => blob.diffId === diffId);
  const canonical = all.filter((blob) => blob.isMade && blob.diffId !== diffId);
  return { image, original, diffId, known: original === undefined ? [...asItCame, ...canonical] : asItCame };
}
