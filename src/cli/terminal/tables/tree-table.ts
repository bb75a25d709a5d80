// The forest of images as a table whose first column draws the branches.
import type { BriefImage, ImageSummary, NamesByImage } from "../../../listing/index.js";
import { shortId } from "../../../terms/index.js";
import { columnsOf } from "../columns.js";
import { checksumColumn, commentColumn, namesColumn, sizeColumn } from "./image-table.js";
import { type Column, type ListView, openTable, type Table, widestOf } from "./table.js";

/** Levels of a branch that are drawn at most; as many as AUFS could mount when the graphs of Docker 0.3 were made. */
export const drawnLevels = 42;

/** An image and where it stands in the tree. */
export interface TreeNode {
  readonly image: BriefImage;
  readonly place: TreePlace;
}

/** A place in the tree, linked to the one above: a list of all levels for each image could become very long. */
export interface TreePlace {
  readonly above: TreePlace | undefined;
  readonly depth: number;
  /** Whether it is the last of its siblings. */
  readonly last: boolean;
}

export interface SummarizedNode {
  readonly node: TreeNode;
  readonly summary: ImageSummary;
}

interface DrawnImage extends ImageSummary {
  readonly node: TreeNode;
}

/** Opens the table of these nodes. A graph without names has no column of them. */
export function openTreeTable(
  nodes: readonly TreeNode[],
  names: NamesByImage,
  view: ListView,
): Pick<Table<SummarizedNode>, "line"> {
  const { isWhole } = view;
  const idOf = ({ image: { id } }: TreeNode) => (isWhole ? id : shortId(id));
  const levels = levelsWithin(view.room, nodes, idOf);
  const stem = (node: TreeNode) => `${branchTo(node.place, levels)}${idOf(node)}`;
  const columns: Column<DrawnImage>[] = [
    { heading: "", cell: ({ node }) => stem(node), widest: widestOf(nodes, stem) },
    ...(names.size === 0 ? [] : [namesColumn(names.values())]),
    ...[sizeColumn(1), checksumColumn(isWhole, 3)],
    commentColumn(
      widestOf(nodes, ({ image }) => image.comment ?? ""),
      2,
    ),
  ];
  // The drawing has no header.
  const { line } = openTable(
    columns.map((column) => ({ ...column, heading: "" })),
    view,
  );
  return { line: ({ node, summary }) => line({ ...summary, node }) };
}

/** How many levels have room: branches and ids take half of a terminal, however deep the tree is. */
function levelsWithin(room: number, nodes: readonly TreeNode[], idOf: (node: TreeNode) => string): number {
  if (!Number.isFinite(room)) return drawnLevels;
  const depth = nodes.reduce((deepest, { place }) => Math.max(deepest, place.depth), 0);
  const rest = Math.floor(room / 2) - widestOf(nodes, idOf);
  const all = Math.floor(rest / branch.blank.length);
  // The number of the levels that are left out needs room as well.
  const some = Math.floor((rest - columnsOf(leftOut(depth))) / branch.blank.length);
  return Math.min(drawnLevels, Math.max(1, depth <= all ? all : some));
}

const branch = { last: "└─ ", fork: "├─ ", line: "│  ", blank: "   " } as const;

const leftOut = (levels: number) => `(${levels}) `;

/** The lines that lead to a place from the left. */
function branchTo(place: TreePlace, levels: number): string {
  if (place.above === undefined) return "";
  let drawn: string = place.last ? branch.last : branch.fork;
  let at = place.above;
  for (let level = 1; at.above !== undefined; level += 1, at = at.above) {
    if (level === levels) return `${leftOut(at.depth)}${drawn}`;
    drawn = `${at.last ? branch.blank : branch.line}${drawn}`;
  }
  return drawn;
}
