// An image as a row of the listings for people.
import type { ImageSummary } from "../../listing/index.js";
import { shortId } from "../../terms/index.js";
import { bytesWidth, formatBytes, formatRow, formatText } from "./format.js";

/** The width of a whole checksum. */
export const checksumWidth = "sha256:".length + 64;
/** The widths of the columns: the most that cells can take, because rows are written before all are known. */
const widths = [12, 12, 19, bytesWidth, "sha256:".length + 12];
/** The most that the column of names takes: longer names push the comment aside. */
const widestNames = 40;

/** The cell with the names of an image. */
export function namesCell(names: readonly string[]): string {
  return names.length === 0 ? "-" : names.join(", ");
}

/** The width of the column with these images' names. */
export function namesWidth(names: Iterable<readonly string[]>): number {
  let width = 1;
  for (const each of names) width = Math.max(width, formatText(namesCell(each)).length);
  return Math.min(width, widestNames);
}

/** The header of a listing for people, and a function for its rows. @param names of all its images */
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
