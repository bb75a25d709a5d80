// Where each image stands. A history runs from left to right, like text: its main line, which follows the heaviest
// child, breaks into rows, side branches hang below where they leave it, and many children without children of their
// own stand in a framed grid. So a chain of 500, a star of 5,000 and a deep tree all have about the window's shape. A
// tidy tree (d3-hierarchy) gives one of them a width, and another a height, of thousands of cards.
import type { Forest } from "./forest.js";
import { columnsOfGrid, flowRows, packBoxes, type Shape, type Size } from "./pack.js";

/** The size of a card; all lengths here are in pixels at a zoom of 1. */
export const card: Size = { w: 184, h: 64 };
/** More siblings without children than this are framed. */
export const groupedFrom = 13;
/** The height of a frame's title. */
export const groupTitle = 30;
/** How far left of a child the line stands that leads to it, and how far above the line that leads to its column. */
export const gutter = { x: 20, y: 10 };

const groupPadding = 10;
const cellGap = 8;
const itemGap: Size = { w: 36, h: 30 };
const branchGap: Size = { w: 40, h: 20 };
const treeGap: Size = { w: 72, h: 108 };
/** The line around a break of rows stands half way in this. */
const rowIndent = 28;
/** How far the shape of what is within something larger may be off. */
const slack = 2.5;
/** A row of the main line holds at least this many plain cards. */
const shortestRow = 6 * card.w + 5 * itemGap.w;

/** Siblings without children, in a frame. */
export interface Group {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly columns: number;
  /** Whose children they are; -1: roots. */
  readonly parent: number;
  readonly members: Int32Array;
}

export interface Layout {
  readonly forest: Forest;
  /** The shape that was asked for: width divided by height. */
  readonly aspect: number;
  /** The left and upper edge of each image's card. */
  readonly x: Float64Array;
  readonly y: Float64Array;
  /** The room that an image takes with what hangs below it, but without the rest of its main line. */
  readonly itemW: Float64Array;
  /** How far down the line from the parent goes before it turns to the image's column: where nothing stands. */
  readonly turn: Float64Array;
  /** The child that continues the main line, or -1. */
  readonly next: Int32Array;
  readonly groups: readonly Group[];
  /** By image: its group's place in `groups`, or -1. */
  readonly groupOf: Int32Array;
  /** The trees of more than one image: their roots and the room each takes. */
  readonly trees: readonly {
    readonly root: number;
    readonly x: number;
    readonly y: number;
    readonly w: number;
    readonly h: number;
  }[];
  readonly width: number;
  readonly height: number;
}

/**
 * Finds a place for every image, in time that grows with their number (10,000: some 20 ms).
 * @param aspect the window's width divided by its height
 */
export function layOut(forest: Forest, aspect = 1.6): Layout {
  const count = forest.nodes.length;
  const zeros = () => new Float64Array(count);
  const [x, y, turn] = [zeros(), zeros(), zeros()];
  const [itemW, itemH, unitW, unitH] = [zeros(), zeros(), zeros(), zeros()];
  const next = Int32Array.from(forest.children, (children) => continuation(forest, children));
  const groupOf = new Int32Array(count).fill(-1);
  const groups: Group[] = [];

  // Until the last loop, x and y are relative: to the parent, or within a group to it.
  for (let at = count - 1; at >= 0; at--) {
    const index = forest.order[at] ?? 0;
    const item = placeBranches(index);
    itemW[index] = item.w;
    itemH[index] = item.h;
    const above = forest.parent[index] ?? -1;
    if (above === -1 || next[above] !== index) placeLine(index);
  }
  const trees = placeRoots();
  for (const index of forest.order) {
    const above = forest.parent[index] ?? -1;
    if (above === -1) continue;
    x[index] = (x[index] ?? 0) + (x[above] ?? 0);
    y[index] = (y[index] ?? 0) + (y[above] ?? 0);
  }
  const placed = groups.map((group) =>
    group.parent === -1
      ? group
      : { ...group, x: group.x + (x[group.parent] ?? 0), y: group.y + (y[group.parent] ?? 0) },
  );
  return {
    forest,
    aspect,
    x,
    y,
    itemW,
    turn,
    next,
    groups: placed,
    groupOf,
    trees: trees.trees,
    width: trees.w,
    height: trees.h,
  };

  /** Puts the children that leave the main line below the card, or beside it where the line ends. */
  function placeBranches(index: number): Size {
    const branches = (forest.children[index] ?? []).filter((child) => child !== next[index]);
    if (branches.length === 0) return card;
    const beside = next[index] === -1;
    const left = beside ? card.w + 2 * gutter.x : 2 * gutter.x;
    const top = beside ? 0 : card.h + 2 * gutter.y;
    const { w, h } = placeBoxes(branches, index, branchGap, { x: left, y: top }, { aspect, slack });
    return { w: Math.max(card.w, left + w), h: Math.max(card.h, top + h) };
  }

  /** Breaks the main line that begins with `head` into rows. */
  function placeLine(head: number): void {
    const starts: number[] = [];
    // Images without branches stand above those of one before them, as far as these reach.
    let used = Number.POSITIVE_INFINITY;
    for (let at = head; at !== -1; at = next[at] ?? -1) {
      const start = starts.at(-1);
      const room = (itemW[start ?? 0] ?? 0) - used;
      if (start !== undefined && itemH[at] === card.h && itemW[at] === card.w && room >= card.w) {
        x[at] = card.w + itemGap.w;
        y[at] = 0;
        itemW[at] = room;
        used += card.w + itemGap.w;
      } else {
        starts.push(at);
        used = card.w + itemGap.w;
      }
    }
    const sizes = starts.map((at) => ({ w: itemW[at] ?? 0, h: itemH[at] ?? 0 }));
    // What fills the window is to have its shape.
    const isAlone = forest.roots[0] === head && forest.roots.length === 1;
    const shape = { aspect, slack: isAlone ? 1 : slack };
    // On a phone a few images stand below each other.
    const shortest = isAlone && aspect < 0.75 ? card.w : shortestRow;
    const rows = flowRows(sizes, itemGap, shape, rowIndent, shortest);
    for (const [place, at] of starts.entries()) {
      if (place === 0) continue;
      const before = starts[place - 1] ?? 0;
      const last = forest.parent[at] ?? 0;
      x[at] = (rows.x[place] ?? 0) - (rows.x[place - 1] ?? 0) - offsetIn(before, last);
      y[at] = (rows.y[place] ?? 0) - (rows.y[place - 1] ?? 0);
    }
    const isBroken = (rows.y[starts.length - 1] ?? 0) > 0;
    unitW[head] = rows.w + (isBroken ? itemGap.w / 2 : 0);
    unitH[head] = rows.h;
  }

  /** How far right of the first of an item the last of those stands that share its room. */
  function offsetIn(start: number, last: number): number {
    return (itemW[start] ?? 0) - (itemW[last] ?? 0);
  }

  function placeRoots() {
    const { w, h } = placeBoxes([...forest.roots], -1, treeGap, { x: 0, y: 0 }, { aspect, slack: 1 });
    const trees = [...forest.roots]
      .filter((root) => (forest.weight[root] ?? 0) > 1)
      .map((root) => ({ root, x: x[root] ?? 0, y: y[root] ?? 0, w: unitW[root] ?? 0, h: unitH[root] ?? 0 }));
    return { w, h, trees };
  }

  /** Packs these with what hangs below them; many without children go into a group, which stands last. */
  function placeBoxes(
    members: readonly number[] | Int32Array,
    parent: number,
    gap: Size,
    origin: { readonly x: number; readonly y: number },
    shape: Shape,
  ): Size {
    const leaves = members.filter((member) => forest.weight[member] === 1);
    const isGrouped = leaves.length >= groupedFrom;
    const single = isGrouped ? members.filter((member) => forest.weight[member] !== 1) : members;
    const boxes: Size[] = Array.from(single, (member) => ({ w: unitW[member] ?? 0, h: unitH[member] ?? 0 }));
    const cell = { w: card.w + cellGap, h: card.h + cellGap };
    const columns = columnsOfGrid(leaves.length, cell, shape.aspect);
    const frame = {
      w: columns * cell.w - cellGap + 2 * groupPadding,
      h: Math.ceil(leaves.length / columns) * cell.h - cellGap + groupTitle + groupPadding,
    };
    if (isGrouped) boxes.push(frame);
    const packing = packBoxes(boxes, gap, shape);
    for (const [place, member] of single.entries()) {
      x[member] = origin.x + (packing.x[place] ?? 0);
      y[member] = origin.y + (packing.y[place] ?? 0);
      turn[member] = origin.y - gutter.y + (packing.isInRows ? (packing.y[place] ?? 0) : 0);
    }
    if (isGrouped) {
      const left = origin.x + (packing.x[boxes.length - 1] ?? 0);
      const top = origin.y + (packing.y[boxes.length - 1] ?? 0);
      for (const [place, member] of leaves.entries()) {
        groupOf[member] = groups.length;
        turn[member] = origin.y - gutter.y + (packing.isInRows ? top - origin.y : 0);
        x[member] = left + groupPadding + (place % columns) * cell.w;
        y[member] = top + groupTitle + Math.floor(place / columns) * cell.h;
      }
      groups.push({ x: left, y: top, ...frame, columns, parent, members: Int32Array.from(leaves) });
    }
    return packing;
  }
}

/** The heaviest child, unless all are without children: those stand as equals. */
function continuation(forest: Forest, children: Int32Array): number {
  const [first] = children;
  if (first === undefined) return -1;
  return children.length === 1 || (forest.weight[first] ?? 0) > 1 ? first : -1;
}
