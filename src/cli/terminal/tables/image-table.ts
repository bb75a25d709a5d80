// The images of a graph as a table: each is drawn when it has been summed up, so the widths come from what is known before.
import type { BriefImage, ImageSummary, NamesByImage } from "../../../listing/index.js";
import { shortId } from "../../../terms/index.js";
import { bytesWidth, formatAge, formatBytes } from "../format.js";
import { type Column, type ListView, openTable, type Table, widestOf } from "./table.js";

/** The widths of a whole checksum and of a short one, which has as much of the digest as a short id. */
const checksumWidths = { whole: "sha256:".length + 64, short: "sha256:".length + 12 };

/** Opens the table of these images. */
export function openImageTable(
  images: readonly BriefImage[],
  names: NamesByImage,
  view: ListView,
): Table<ImageSummary> {
  const { isWhole, now } = view;
  const idOf = (id: string | null) => (id === null ? "-" : isWhole ? id : shortId(id));
  const createdOf = ({ created }: Pick<BriefImage, "created">) =>
    isWhole ? (created ?? "-") : formatAge(Date.parse(created ?? ""), now);
  const ids = widestOf(images, ({ id }) => idOf(id));
  const columns: Column<ImageSummary>[] = [
    namesColumn(names.values()),
    { heading: "ID", cell: ({ id }) => idOf(id), widest: ids },
    {
      ...{ heading: isWhole ? "CREATED" : "AGE", cell: createdOf, widest: widestOf(images, createdOf) },
      ...{ side: "right", rank: 2 },
    },
    sizeColumn(1),
    {
      ...{ heading: "PARENT", cell: ({ parent }) => idOf(parent), rank: 5 },
      widest: widestOf(images, ({ parent }) => idOf(parent)),
    },
    checksumColumn(isWhole, 4),
    commentColumn(
      widestOf(images, ({ comment }) => comment ?? ""),
      3,
    ),
  ];
  return openTable(columns, view);
}

/** What the tables of images know of a row. */
type Named = Pick<ImageSummary, "names">;

/** @param names of all images that have any */
export function namesColumn(names: Iterable<readonly string[]>): Column<Named> {
  return {
    heading: "NAMES",
    cell: ({ names }) => namesCell(names),
    ...{ widest: Math.max(1, widestOf(names, namesCell)), least: 12, wanted: 24, usual: 40 },
  };
}

/** The cell with the names of an image. */
export function namesCell(names: readonly string[]): string {
  return names.length === 0 ? "-" : names.join(", ");
}

export function sizeColumn(rank: number): Column<Pick<ImageSummary, "layerBytes">> {
  return {
    ...{ heading: "SIZE", cell: ({ layerBytes }) => formatBytes(layerBytes) },
    ...{ widest: bytesWidth, side: "right", rank },
  };
}

export function checksumColumn(isWhole: boolean, rank: number): Column<Pick<ImageSummary, "checksum">> {
  const width = isWhole ? checksumWidths.whole : checksumWidths.short;
  return {
    heading: "CHECKSUM",
    cell: ({ checksum }) => checksum?.slice(0, width) ?? "-",
    widest: width,
    rank,
  };
}

/** @param widest of all comments */
export function commentColumn(widest: number, rank: number): Column<Pick<ImageSummary, "comment">> {
  return { heading: "COMMENT", cell: ({ comment }) => comment ?? "", widest, least: 10, rank };
}
