// What the routes of images share.
import type { CatalogImage, ImageCatalog, NamesByImage, RecentCatalogs } from "../../../listing/index.js";
import { momentRule, quote, readMoment } from "../../../terms/index.js";
import { HttpError } from "../../problem.js";
import type { ListedSummary } from "../image-schemas.js";

export interface Listings {
  readonly catalogs: RecentCatalogs;
  names(): Promise<NamesByImage>;
}

/** An image as listings show it. */
export function summaryOf(
  image: CatalogImage,
  { children }: ImageCatalog,
  names: NamesByImage,
): ListedSummary {
  const { id, parent, created, comment, layerBytes, checksum, checksums } = image;
  const ownChildren = children.get(id) ?? [];
  return {
    id,
    names: [...(names.get(id) ?? [])],
    parent,
    created,
    comment,
    layerBytes,
    checksum,
    head: ownChildren.length === 0,
    children: [...ownChildren],
    checksums: [...checksums],
  };
}

/** In ms since the epoch. @throws 400 `INVALID_REQUEST` for a text that is no time */
export function momentOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const moment = readMoment(text);
  if (moment !== undefined) return moment;
  throw new HttpError(400, "INVALID_REQUEST", `${name}: ${quote(text)} is no time: it takes ${momentRule}`);
}
