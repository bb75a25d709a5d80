// The rows of a list of images: filtered and sorted, the broken ones in their places among the others.
import type { CatalogImage, ImageCatalog } from "./image-catalog.js";
import type { NamesByImage } from "./names.js";

/** What a list shows of an image. */
export interface ImageRow extends CatalogImage {
  /** As `repository:tag`, in their order. */
  readonly names: readonly string[];
  /** How many mounts have it on top. */
  readonly mounts: number;
  /** The images whose parent it is. */
  readonly children: readonly string[];
  /** The bytes of its layer and those of all its ancestors; null where one of them is not known. */
  readonly totalBytes: number | null;
}

/** What rows can be sorted by: names by the first, a checksum by whether it is none, Docker's or one of ours. */
export const imageSorts = ["id", "name", "created", "size", "total", "checksum", "mounts", "parent"] as const;
export type ImageSort = (typeof imageSorts)[number];

/** Which images are meant, and in which order. What is not given does not matter. */
export interface ImageQuery {
  /** What the id begins with. */
  readonly prefix?: string | undefined;
  /** Words, each of which is in a name, the id or the comment, in upper or lower case. */
  readonly text?: string | undefined;
  readonly named?: boolean | undefined;
  /** Whether a checksum is stored. A broken image is neither. */
  readonly checked?: boolean | undefined;
  readonly mounted?: boolean | undefined;
  readonly broken?: boolean | undefined;
  /** Whether it is nobody's parent. */
  readonly head?: boolean | undefined;
  /** Of the layer; a size that is not known is in no range. */
  readonly minBytes?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** In ms since the epoch; what has no time is in no range. */
  readonly createdSince?: number | undefined;
  /** That moment itself is not meant. */
  readonly createdBefore?: number | undefined;
  /** Default `id`. What has no such value comes last in both directions, and equals are in the order of their ids. */
  readonly sort?: ImageSort | undefined;
  readonly descending?: boolean | undefined;
}

/** How many lists are kept: of each the pages are asked for one by one. */
const keptLists = 4;

/** A function that finds rows. While nothing changes, the same question is answered by the same list. */
export function openImageRows(): (
  catalog: ImageCatalog,
  names: NamesByImage,
  mounts: ReadonlyMap<string, number>,
  query: ImageQuery,
) => readonly ImageRow[] {
  let known:
    | { catalog: ImageCatalog; names: NamesByImage; mounts: string; rows: readonly ImageRow[] }
    | undefined;
  let lists = new Map<string, readonly ImageRow[]>();
  return (catalog, names, mounts, query) => {
    const mounted = JSON.stringify([...mounts]);
    if (known?.catalog !== catalog || known.names !== names || known.mounts !== mounted) {
      known = { catalog, names, mounts: mounted, rows: rowsOf(catalog, names, mounts) };
      lists = new Map();
    }
    const key = JSON.stringify(query);
    const list = lists.get(key) ?? findRows(known.rows, query);
    lists.delete(key);
    lists.set(key, list);
    const [oldest = key] = lists.keys();
    if (lists.size > keptLists) lists.delete(oldest);
    return list;
  };
}

/** Filters rows, and sorts what is left. */
export function findRows(rows: readonly ImageRow[], query: ImageQuery): readonly ImageRow[] {
  const found = rows.filter(filterOf(query));
  const { sort = "id", descending = false } = query;
  const value = sortValues[sort];
  const direction = descending ? -1 : 1;
  return found
    .map((row) => ({ row, value: value(row) }))
    .sort((one, other) => {
      if (one.value !== other.value) {
        if (one.value === null) return 1;
        if (other.value === null) return -1;
        return one.value < other.value ? -direction : direction;
      }
      const isFirst = one.row.id < other.row.id;
      // Ids are what is sorted by where nothing else is.
      return isFirst ? -1 : 1;
    })
    .map(({ row }) => row);
}

const sortValues: Readonly<Record<ImageSort, (row: ImageRow) => string | number | null>> = {
  id: ({ id }) => id,
  name: ({ names: [first = null] }) => first,
  created: ({ created }) => momentOf(created),
  size: ({ layerBytes }) => layerBytes,
  total: ({ totalBytes }) => totalBytes,
  checksum: ({ broken, checksums }) => (broken === undefined ? rankOf(checksums) : null),
  mounts: ({ mounts }) => mounts,
  parent: ({ parent }) => parent,
};

function rankOf(checksums: readonly string[]): number {
  if (checksums.length === 0) return 0;
  return checksums.some((recipe) => recipe !== "docker") ? 2 : 1;
}

/** In ms since the epoch; null for what is no time. */
function momentOf(created: string | null): number | null {
  const moment = Date.parse(created ?? "");
  return Number.isNaN(moment) ? null : moment;
}

function filterOf(query: ImageQuery): (row: ImageRow) => boolean {
  const { prefix = "", named, checked, mounted, broken, head } = query;
  const { minBytes, maxBytes, createdSince, createdBefore } = query;
  const words = (query.text ?? "").toLowerCase().split(/\s+/).filter(Boolean);
  const isWanted = (wanted: boolean | undefined, is: boolean) => wanted === undefined || wanted === is;
  return (row) =>
    row.id.startsWith(prefix) &&
    isWanted(named, row.names.length > 0) &&
    (checked === undefined || (row.broken === undefined && checked === row.checksums.length > 0)) &&
    isWanted(mounted, row.mounts > 0) &&
    isWanted(broken, row.broken !== undefined) &&
    isWanted(head, row.children.length === 0) &&
    isWithin(row.layerBytes, minBytes, maxBytes) &&
    ((createdSince === undefined && createdBefore === undefined) ||
      isWithin(
        momentOf(row.created),
        createdSince,
        createdBefore === undefined ? undefined : createdBefore - 1,
      )) &&
    hasWords(row, words);
}

function isWithin(value: number | null, least: number | undefined, most: number | undefined): boolean {
  if (least === undefined && most === undefined) return true;
  return value !== null && value >= (least ?? value) && value <= (most ?? value);
}

function hasWords({ id, names, comment }: ImageRow, words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const text = [id, ...names, comment ?? ""].join("\n").toLowerCase();
  return words.every((word) => text.includes(word));
}

function rowsOf(
  { images, children }: ImageCatalog,
  names: NamesByImage,
  mounts: ReadonlyMap<string, number>,
): readonly ImageRow[] {
  const totals = totalsOf(images);
  return images.map((image) => ({
    ...image,
    names: names.get(image.id) ?? none,
    mounts: mounts.get(image.id) ?? 0,
    children: children.get(image.id) ?? none,
    totalBytes: totals.get(image.id) ?? null,
  }));
}

const none: readonly string[] = [];

/** Each chain of ancestors is walked once, without recursion; null where a parent is missing, broken or its own ancestor. */
function totalsOf(images: readonly CatalogImage[]): ReadonlyMap<string, number | null> {
  const byId = new Map(images.map((image) => [image.id, image]));
  const totals = new Map<string, number | null>();
  for (const { id } of images) {
    const chain: CatalogImage[] = [];
    let at: string | null = id;
    while (at !== null && !totals.has(at)) {
      const image = byId.get(at);
      // Until it is known: who comes back to it is his own ancestor.
      totals.set(at, null);
      if (image === undefined) break;
      chain.push(image);
      at = image.parent;
    }
    let total = at === null ? 0 : (totals.get(at) ?? null);
    for (const image of chain.reverse()) {
      total = total === null || image.layerBytes === null ? null : total + image.layerBytes;
      totals.set(image.id, total);
    }
  }
  return totals;
}
