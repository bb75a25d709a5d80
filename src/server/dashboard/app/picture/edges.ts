// The lines from images to their parents: each as a path, and all as straight pieces without doubles.
import { card, type Group, gutter, type Layout } from "./layout/index.js";

/** The corners of a line with right angles, x and y in turn. */
export type Path = readonly number[];

/** Straight pieces, x1 y1 x2 y2 in turn, the longest first. */
export type Pieces = Float64Array;

/** @returns the way from the parent's card to the image's, or to the frame it stands in; empty for a root */
export function pathTo(layout: Layout, index: number): Path {
  const { forest, x, y, itemW, next } = layout;
  const parent = forest.parent[index] ?? -1;
  if (parent === -1) return [];
  const left = x[parent] ?? 0;
  const top = y[parent] ?? 0;
  const at = layout.groupOf[index] ?? -1;
  const group = at === -1 ? undefined : layout.groups[at];
  const [endX, endY] = group === undefined ? [x[index] ?? 0, (y[index] ?? 0) + card.h / 2] : titleOf(group);
  const right = left + card.w;
  const middle = top + card.h / 2;
  if (next[parent] === index) {
    if (y[index] === top) return [right, middle, endX, endY];
    const end = left + (itemW[parent] ?? 0) + gutter.y;
    const between = (y[index] ?? 0) - 15;
    return [right, middle, end, middle, end, between, endX - 14, between, endX - 14, endY, endX, endY];
  }
  const column = endX - gutter.x;
  const [startX, startY] = next[parent] === -1 ? [right, middle] : [left + gutter.x, top + card.h];
  const trunk = next[parent] === -1 ? right + gutter.x : startX;
  const start = trunk === startX ? [startX, startY] : [startX, startY, trunk, startY];
  if (column === trunk) return [...start, trunk, endY, endX, endY];
  const turn = top + (layout.turn[index] ?? 0);
  return [...start, trunk, turn, column, turn, column, endY, endX, endY];
}

/** All lines as pieces. What the lines of siblings share is there once. */
export function piecesOf(layout: Layout): Pieces {
  const { forest } = layout;
  const all: number[] = [];
  for (const parent of forest.order) {
    let lastGroup = -1;
    let previous: Path = [];
    for (const child of forest.children[parent] ?? []) {
      const group = layout.groupOf[child] ?? -1;
      if (group !== -1 && group === lastGroup) continue;
      lastGroup = group;
      const path = pathTo(layout, child);
      addNew(all, path, previous);
      previous = path;
    }
  }
  return longestFirst(all);
}

/** The pieces of a path but for what the one before it has covered already. */
function addNew(all: number[], path: Path, previous: Path): void {
  for (let at = 0; at + 3 < path.length; at += 2) {
    let x1 = path[at] ?? 0;
    let y1 = path[at + 1] ?? 0;
    const x2 = path[at + 2] ?? 0;
    const y2 = path[at + 3] ?? 0;
    const isShared = previous[at] === x1 && previous[at + 1] === y1;
    const oldX = previous[at + 2] ?? 0;
    const oldY = previous[at + 3] ?? 0;
    if (isShared && oldX === x1 && x2 === x1 && oldY > y1 && y2 >= oldY) y1 = oldY;
    else if (isShared && oldY === y1 && y2 === y1 && oldX > x1 && x2 >= oldX) x1 = oldX;
    if (x1 !== x2 || y1 !== y2) all.push(x1, y1, x2, y2);
  }
}

function longestFirst(all: readonly number[]): Pieces {
  const lengths = new Float64Array(all.length / 4);
  for (let piece = 0; piece < lengths.length; piece++) {
    const at = 4 * piece;
    lengths[piece] =
      Math.abs((all[at + 2] ?? 0) - (all[at] ?? 0)) + Math.abs((all[at + 3] ?? 0) - (all[at + 1] ?? 0));
  }
  const places = Int32Array.from(lengths.keys()).sort((a, b) => (lengths[b] ?? 0) - (lengths[a] ?? 0));
  const pieces = new Float64Array(all.length);
  for (const [to, from] of places.entries()) {
    for (let side = 0; side < 4; side++) pieces[4 * to + side] = all[4 * from + side] ?? 0;
  }
  return pieces;
}

function titleOf({ x, y }: Group): readonly [number, number] {
  return [x, y + card.h / 2];
}
