// An image as a row of the listings for people.
import { shortId } from "../graph/index.js";
import type { ImageSummary } from "../listing/image-summary.js";
import { bytesWidth, formatBytes, formatRow } from "./format.js";

/** A checksum as a whole. */
export const checksumWidth = "sha256:".length + 64;
/** As wide as the cells can be: the rows are written before the last is known. */
const widths = [12, 12, 19, bytesWidth, "sha256:".length + 12];

/** The line above the rows of a listing for people. */
export const summaryHeader = formatRow(["ID", "PARENT", "CREATED", "SIZE", "CHECKSUM", "COMMENT"], widths);

/** An image as a row of that listing. */
export function summaryRow(summary: ImageSummary): string {
  const { id, parent, created, layerBytes, checksum, comment } = summary;
  const cells = [
    shortId(id),
    parent === null ? "-" : shortId(parent),
    created?.slice(0, 19) ?? "-",
    formatBytes(layerBytes),
    checksum?.slice(0, "sha256:".length + 12) ?? "-",
    comment ?? "",
  ];
  return formatRow(cells, widths);
}
