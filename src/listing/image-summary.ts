// An image as the listings show it.

import type { Beside, BrokenImage, Graph, Image, ListedImage, StoredChecksums } from "../graph/index.js";
import { dockerRecipe, recipeNames, StevedoreError } from "../terms/index.js";
import type { NamesByImage } from "./names.js";

export interface ImageSummary {
  readonly id: string;
  /** As `repository:tag`, in their order. */
  readonly names: readonly string[];
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

/** What a listing keeps of an image while it reads the others: of a large graph, all records are too much. */
export interface BriefImage extends Pick<ImageSummary, "id" | "parent" | "created" | "comment"> {
  /** Where they were read with the record. */
  readonly layerBytes?: number | undefined;
  readonly checksum?: string | undefined;
}

/** All images that can be loaded, in the order of their ids; `warn` gets a line for each that cannot. */
export async function readImages(
  graph: Graph,
  warn: (line: string) => void,
  signal?: AbortSignal | undefined,
): Promise<BriefImage[]> {
  const images: BriefImage[] = [];
  for (const image of await graph.gather(briefly, signal)) {
    if ("code" in image) warn(`skipped: ${image.code}: ${image.message}`);
    else images.push(image);
  }
  return images;
}

function briefly({ image, broken }: ListedImage, beside: Beside | undefined): BriefImage | BrokenImage {
  if (image === undefined) return broken;
  const { id, parent, created, comment } = inBrief(image);
  const layerBytes = beside?.facts?.layerBytes;
  return { id, parent, created, comment, layerBytes, checksum: surelyLeading(beside?.checksums ?? {}) };
}

/** The leading checksum of an image's own file, if none that Docker's dictionary may have comes before it. */
function surelyLeading(stored: StoredChecksums): string | undefined {
  const recipe = recipeNames.find((name) => stored[name] !== undefined || name === dockerRecipe);
  return recipe === undefined ? undefined : stored[recipe]?.checksum;
}

/**
 * Measures the layers of those of some images that were never measured, and notes their sizes with them.
 * @param onMeasured is told how many of how many are done
 * @throws `CANCELLED`. What cannot be measured is left as it is: its summary tells why
 */
export async function measureMissing(
  graph: Graph,
  images: BriefImage[],
  onMeasured: (done: number, total: number) => void,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const missing = images.flatMap(({ layerBytes }, at) => (layerBytes === undefined ? [at] : []));
  for (const [done, at] of missing.entries()) {
    const image = images[at] as BriefImage;
    try {
      images[at] = { ...image, layerBytes: (await graph.layerFacts(image.id, signal, "soon")).layerBytes };
    } catch (error) {
      if (!(error instanceof StevedoreError) || error.code === "CANCELLED") throw error;
    }
    onMeasured(done + 1, missing.length);
  }
}

/** What a listing shows of an image's record. */
export function inBrief({ id, parent, record }: Image): BriefImage {
  return { id, parent, created: record.created ?? null, comment: record.comment ?? null };
}

/** The images by their parent, in the order given; those without one under null. */
export function childrenByParent(
  images: readonly BriefImage[],
): ReadonlyMap<string | null, readonly BriefImage[]> {
  const children = new Map<string | null, BriefImage[]>();
  for (const image of images) {
    const siblings = children.get(image.parent);
    if (siblings === undefined) children.set(image.parent, [image]);
    else siblings.push(image);
  }
  return children;
}

/**
 * Gathers what is known of an image. Nothing is computed but the size of a layer that was never measured.
 * @returns undefined for an image that left the graph since it was listed
 */
export async function summarize(
  graph: Graph,
  image: BriefImage,
  children: readonly BriefImage[] = [],
  names: readonly string[] = [],
  signal?: AbortSignal | undefined,
): Promise<ImageSummary | undefined> {
  const { id, parent, created, comment } = image;
  try {
    const layerBytes = image.layerBytes ?? (await graph.layerFacts(id, signal)).layerBytes;
    const checksum = image.checksum ?? leadingChecksum(await graph.storedChecksums(id));
    return {
      id,
      names,
      parent,
      created,
      comment,
      layerBytes,
      checksum,
      head: children.length === 0,
      children: children.map((child) => child.id),
    };
  } catch (error) {
    if (error instanceof StevedoreError && error.code === "IMAGE_NOT_FOUND") return undefined;
    throw error;
  }
}

/** Of an image's stored checksums the one that listings show; null for none. */
export function leadingChecksum(stored: StoredChecksums): string | null {
  const recipe = recipeNames.find((name) => stored[name] !== undefined);
  return recipe === undefined ? null : (stored[recipe]?.checksum ?? null);
}

/** The same of each of these images, one after the other. */
export async function* summarizeEach(
  graph: Graph,
  images: readonly BriefImage[],
  families: ReturnType<typeof childrenByParent>,
  names: NamesByImage,
  signal?: AbortSignal | undefined,
): AsyncGenerator<ImageSummary, void, undefined> {
  for (const image of images) {
    const summary = await summarize(graph, image, families.get(image.id), names.get(image.id), signal);
    if (summary !== undefined) yield summary;
  }
}
