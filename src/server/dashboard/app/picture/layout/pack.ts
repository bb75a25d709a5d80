// Puts boxes into columns, and the boxes of a row of text into rows, so that the whole has about a wanted shape.

export interface Size {
  readonly w: number;
  readonly h: number;
}

/** Where the boxes went, by their place in the list, and how much room they take. */
export interface Packing extends Size {
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** True if boxes of one row have the same upper edge; else those of one column have the same left one. */
  readonly isInRows: boolean;
}

/** What shape is wanted. */
export interface Shape {
  /** The width divided by the height. */
  readonly aspect: number;
  /** By which factor that may be missed before it counts. Where boxes stand in boxes, it saves half of the room. */
  readonly slack: number;
}

/** Where one box alone stands. */
const origin = new Float64Array(1);

/** What is tried around the side that would be right if no room were lost. */
const tries = [0.6, 0.8, 1, 1.2, 1.45, 1.8, 2.4];

/**
 * Stands boxes beside and below each other in the order given: in columns or in rows, whichever takes less room.
 * @param gap room between two boxes
 */
export function packBoxes(boxes: readonly Size[], gap: Size, shape: Shape): Packing {
  const [only] = boxes;
  // Most images have one branch or none.
  if (only !== undefined && boxes.length === 1) {
    return { ...{ w: only.w, h: only.h, isInRows: true }, x: origin, y: origin };
  }
  let area = 0;
  let [tallest, widest] = [0, 0];
  for (const { w, h } of boxes) {
    area += (w + gap.w) * (h + gap.h);
    tallest = Math.max(tallest, h);
    widest = Math.max(widest, w);
  }
  const heights = tries.map((factor) => Math.max(tallest, Math.sqrt(area / shape.aspect) * factor));
  const widths = tries.map((factor) => Math.max(widest, Math.sqrt(area * shape.aspect) * factor));
  const best = leastCost(
    [
      ...heights.map((limit) => columnsUpTo(boxes, gap, limit, undefined)),
      ...widths.map((limit) => rowsUpTo(boxes, gap, limit, 0, undefined)),
    ],
    shape,
  );
  const places = { x: new Float64Array(boxes.length), y: new Float64Array(boxes.length) };
  const [height, width] = [heights[best], widths[best - heights.length] ?? 0];
  const size =
    height === undefined ? rowsUpTo(boxes, gap, width, 0, places) : columnsUpTo(boxes, gap, height, places);
  return { ...size, ...places, isInRows: height === undefined };
}

/**
 * Fills rows from the left, the next one below the last, as text does.
 * @param indent by how much the rows after the first begin further right
 * @param shortest a row is never broken before it has this width
 */
export function flowRows(
  boxes: readonly Size[],
  gap: Size,
  shape: Shape,
  indent: number,
  shortest: number,
): Packing {
  const [only] = boxes;
  if (only !== undefined && boxes.length === 1) {
    return { ...{ w: only.w, h: only.h, isInRows: true }, x: origin, y: origin };
  }
  const [x, y] = [new Float64Array(boxes.length), new Float64Array(boxes.length)];
  let area = 0;
  let widest = shortest;
  let total = 0;
  for (const { w, h } of boxes) {
    area += (w + gap.w) * (h + gap.h);
    widest = Math.max(widest, w + indent);
    total += w + gap.w;
  }
  const limits = tries.map((factor) => Math.max(widest, Math.sqrt(area * shape.aspect) * factor));
  if (total <= shortest) limits.length = 1;
  const best = leastCost(
    limits.map((limit) => rowsUpTo(boxes, gap, limit, indent, undefined)),
    shape,
  );
  return { ...rowsUpTo(boxes, gap, limits[best] ?? 0, indent, { x, y }), x, y, isInRows: true };
}

/** The number of columns that gives boxes of one size the wanted shape. */
export function columnsOfGrid(count: number, box: Size, aspect: number): number {
  return Math.max(1, Math.min(count, Math.round(Math.sqrt((count * box.h * aspect) / box.w))));
}

type Places = { readonly x: Float64Array; readonly y: Float64Array } | undefined;

function columnsUpTo(boxes: readonly Size[], gap: Size, limit: number, places: Places): Size {
  let [left, top, columnWidth, height] = [0, 0, 0, 0];
  for (const [index, { w, h }] of boxes.entries()) {
    if (top > 0 && top + h > limit) {
      left += columnWidth + gap.w;
      top = 0;
      columnWidth = 0;
    }
    if (places !== undefined) {
      places.x[index] = left;
      places.y[index] = top;
    }
    columnWidth = Math.max(columnWidth, w);
    height = Math.max(height, top + h);
    top += h + gap.h;
  }
  return { w: left + columnWidth, h: height };
}

function rowsUpTo(boxes: readonly Size[], gap: Size, limit: number, indent: number, places: Places): Size {
  let [left, top, rowHeight, width] = [0, 0, 0, 0];
  for (const [index, { w, h }] of boxes.entries()) {
    if (index > 0 && left + w > limit) {
      top += rowHeight + gap.h;
      left = indent;
      rowHeight = 0;
    }
    if (places !== undefined) {
      places.x[index] = left;
      places.y[index] = top;
    }
    rowHeight = Math.max(rowHeight, h);
    width = Math.max(width, left + w);
    left += w + gap.w;
  }
  return { w: width, h: top + rowHeight };
}

/** The one with the least area, as far as its shape will do. */
function leastCost(sizes: readonly Size[], { aspect, slack }: Shape): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (const [index, { w, h }] of sizes.entries()) {
    const off = Math.max(w / h / aspect, (h / w) * aspect);
    const cost = w * h * Math.max(1, off / slack);
    if (cost < least) [best, least] = [index, cost];
  }
  return best;
}
