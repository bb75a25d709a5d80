// An image as the listings show it.
import { type Graph, type Image, shortId } from "../graph/index.js";
import { recipeNames } from "../jobs/index.js";
import { formatBytes } from "./format.js";

export interface ImageSummary {
  readonly id: string;
  readonly parent: string | null;
  /** RFC 3339, as the record has it. */
  readonly created: string | null;
  readonly comment: string | null;
  readonly layerBytes: number;
  /** The stored checksum of the default recipe, else of the next that has one. */
  readonly checksum: string | null;
  /** True if it is nobody's parent. */
  readonly head: boolean;
  /** Ids of the images whose parent it is. */
  readonly children: readonly string[];
}

/** All images that can be loaded, in the order of their ids; `warn` is told of each that cannot. */
export async function readImages(graph: Graph, warn: (line: string) => void): Promise<Image[]> {
  const images: Image[] = [];
  for await (const listed of graph.list()) {
    if (listed.broken !== undefined) warn(`skipped: ${listed.broken.code}: ${listed.broken.message}`);
    else images.push(listed.image);
  }
  return images;
}

/** The images by their parent, in the order given; those without one under null. */
export function childrenByParent(images: readonly Image[]): ReadonlyMap<string | null, readonly Image[]> {
  const children = new Map<string | null, Image[]>();
  for (const image of images) {
    const siblings = children.get(image.parent);
    if (siblings === undefined) children.set(image.parent, [image]);
    else siblings.push(image);
  }
  return children;
}

/** Gathers what is known of an image. Nothing is computed but the size of a layer that was never measured. */
export async function summarize(
  graph: Graph,
  image: Image,
  children: readonly string[],
): Promise<ImageSummary> {
  const { id, parent, record } = image;
  const [facts, stored] = await Promise.all([graph.layerFacts(id), storedChecksum(graph, id)]);
  return {
    id,
    parent,
    created: record.created ?? null,
    comment: record.comment ?? null,
    layerBytes: facts.layerBytes,
    checksum: stored,
    head: children.length === 0,
    children,
  };
}

/** The columns of a listing for people. */
export const summaryHeader = ["ID", "PARENT", "CREATED", "SIZE", "CHECKSUM", "COMMENT"];

/** An image as a row of that listing. */
export function summaryRow({ id, parent, created, layerBytes, checksum, comment }: ImageSummary): string[] {
  return [
    shortId(id),
    parent === null ? "-" : shortId(parent),
    created?.slice(0, 19) ?? "-",
    formatBytes(layerBytes),
    checksum?.slice(0, "sha256:".length + 12) ?? "-",
    comment ?? "",
  ];
}

async function storedChecksum(graph: Graph, id: string): Promise<string | null> {
  for (const recipe of recipeNames) {
    const stored = await graph.storedChecksum(id, recipe);
    if (stored !== undefined) return stored.checksum;
  }
  return null;
}
