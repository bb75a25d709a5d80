// Finds images by what somebody types: the beginning of an id, or words of names and comments.
import type { CatalogImage } from "./image-catalog.js";
import type { NamesByImage } from "./names.js";

/** What of an image matches. */
export type ImageMatch = "name" | "id" | "comment";

export interface FoundImage {
  readonly image: CatalogImage;
  readonly names: readonly string[];
  readonly match: ImageMatch;
}

export interface ImageSearch {
  /** At most so many as were asked for: by names, by the beginning of ids, by comments, each in the order of the ids. */
  readonly found: readonly FoundImage[];
  /** How many match. */
  readonly total: number;
  /** The image that is meant without doubt: it has this id or name, or nothing else was found. */
  readonly meant: CatalogImage | undefined;
}

const none: readonly string[] = [];
/** Comments of images, in lower case. A catalog keeps an image that has not changed. */
const folded = new WeakMap<CatalogImage, string>();

/**
 * An image matches if its id begins with the text, or if all words of the text stand in its names or in these and its
 * comment. Upper and lower case are the same.
 * @param images in the order of their ids
 */
export function searchImages(
  images: readonly CatalogImage[],
  namesById: NamesByImage,
  text: string,
  limit: number,
): ImageSearch {
  const wanted = text.trim().toLowerCase();
  const words = wanted.split(/\s+/).filter((word) => word !== "");
  const ranks: FoundImage[][] = [[], [], [], [], []];
  if (words.length === 0) return { found: [], total: 0, meant: undefined };
  let meant: CatalogImage | undefined;
  let [total, last] = [0, images[0]];
  for (const image of images) {
    const names = namesById.get(image.id) ?? none;
    const inNames = names.length === 0 ? "" : names.join("\n").toLowerCase();
    const isId = image.id.slice(0, wanted.length).toLowerCase() === wanted;
    const isNamed = inNames !== "" && words.every((word) => inNames.includes(word));
    const isTold =
      !isId && !isNamed && words.every((word) => inNames.includes(word) || commentOf(image).includes(word));
    if (!isId && !isNamed && !isTold) continue;
    const isExact =
      image.id === text.trim() || (isNamed && inNames.split("\n").some((name) => isCalled(name, wanted)));
    if (isExact) meant ??= image;
    total++;
    last = image;
    const match = isNamed ? "name" : isId ? "id" : "comment";
    const rank = isExact ? 0 : isNamed ? (begins(inNames, wanted) ? 1 : 2) : isId ? 3 : 4;
    const ranked = ranks[rank];
    if (ranked !== undefined && ranked.length < limit) ranked.push({ image, names, match });
  }
  if (total === 1) meant ??= last;
  return { found: ranks.flat().slice(0, limit), total, meant };
}

function commentOf(image: CatalogImage): string {
  let text = folded.get(image);
  if (text === undefined) {
    text = image.comment?.toLowerCase() ?? "";
    folded.set(image, text);
  }
  return text;
}

/** Without a tag, `latest` is meant. */
function isCalled(name: string, wanted: string): boolean {
  return name === wanted || name === `${wanted}:latest`;
}

/** True if a name or its last part begins so. */
function begins(names: string, wanted: string): boolean {
  return names.startsWith(wanted) || names.includes(`\n${wanted}`) || names.includes(`/${wanted}`);
}
