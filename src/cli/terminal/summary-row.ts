// An image as a row of the listings for people.
import type { ImageSummary } from "../../listing/index.js";
import { shortId } from "../../terms/index.js";
import { bytesWidth, formatBytes, formatRow, formatText } from "./format.js";

/** A checksum as a whole. */
export const checksumWidth = "sha256:".length + 64;
/** As wide as the cells can be: the rows are written before the last is known. */
const widths = [12, 12, 19, bytesWidth, "sha256:".length + 12];
/** The names of one image may be many: longer ones push the comment aside. */
const widestNames = 40;

/** The names of an image in their cell. */
export function namesCell(names: readonly string[]): string {
  return names.length === 0 ? "-" : names.join(", ");
}

/** How wide the column of these images' names is. */
export function namesWidth(names: Iterable<readonly string[]>): number {
  let width = 1;
  for (const each of names) width = Math.max(width, formatText(namesCell(each)).length);
  return Math.min(width, widestNames);
}

/** The line above the rows of a listing for people, and an image as one of them. @param names of all its images */
export function summaryColumns(names: Iterable<readonly string[]>) {
  const all = [...widths, Math.max(namesWidth(names), "NAMES".length)];
  return {
    header: formatRow(["ID", "PARENT", "CREATED", "SIZE", "CHECKSUM", "NAMES", "COMMENT"], all),
    line: (summary: ImageSummary) => formatRow(cellsOf(summary), all),
  };
}

function cellsOf({ id, names, parent, created, layerBytes, checksum, comment }: ImageSummary): string[] {
  return [
    shortId(id),
    parent === null ? "-" : shortId(parent),
    created?.slice(0, 19) ?? "-",
    formatBytes(layerBytes),
    checksum?.slice(0, "sha256:".length + 12) ?? "-",
    namesCell(names),
    comment ?? "",
  ];
}
