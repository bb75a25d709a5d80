// Draws what the window shows of a graph: frames, lines, images, and above them what is found, selected or wrong.

import { type Path, pathTo } from "../edges.js";
import type { Box } from "../layout/index.js";
import { card, checksumState, detailAt, historyOf } from "../layout/index.js";
import { boxInView, type View } from "../view.js";
import { drawCard, drawTitleCard } from "./card.js";
import type { Frame } from "./frame.js";
import { drawLabels, type Label } from "./labels.js";
import { drawMark, type Mark } from "./marks.js";
import { toneColor } from "./theme.js";

/** Where a mark of a small image stood keeps others this far away, in pixels. */
const markSpacing = 9;
/** The most of a card's width that a bar takes: the rest is for the mark of its checksums. */
const longestBar = 0.86;
/** From this height of a small card on, in pixels, that mark has room. */
const markedFrom = 13;

/** By square of the screen, the round of `thinOut` that it was taken in last. */
const squares = new Uint32Array(2 ** 22);
let round = 0;

/** Draws all anew. @returns the labels, which can be clicked */
export function paint(frame: Frame): readonly Label[] {
  const { context, scene, view, window, density, theme, emphasis } = frame;
  context.setTransform(density, 0, 0, density, 0, 0);
  context.globalAlpha = 1;
  context.fillStyle = theme.page;
  context.fillRect(0, 0, window.w, window.h);
  const box = boxInView(view, window);
  const detail = detailAt(view.k);
  drawFrames(frame, box);
  if (detail === "bars") drawPieces(frame, box);
  else drawLines(frame, box);
  drawHistory(frame, box);
  if (detail === "bars") drawBars(frame, box);
  else {
    const drawOne = detail === "titles" ? drawTitleCard : drawCard;
    scene.places.within(withMargin(box, 40), (index) => {
      context.globalAlpha = emphasis.matches === null || emphasis.matches[index] === 1 ? 1 : 0.3;
      drawOne(frame, index);
    });
    context.globalAlpha = 1;
  }
  drawEmphasis(frame, box);
  if (detail === "bars") drawMarks(frame, box);
  return drawLabels(frame, box, detail);
}

/** The grounds of trees, if there are several, and of groups. */
function drawFrames({ context, scene, view, theme }: Frame, box: Box): void {
  const { trees, groups } = scene.layout;
  const radius = Math.min(14, 60 * view.k);
  context.fillStyle = theme.frame;
  const rect = (x: number, y: number, w: number, h: number, pad: number) => {
    if (x - pad > box.right || y - pad > box.bottom || x + w + pad < box.left || y + h + pad < box.top)
      return false;
    const [left, top] = [(x - pad) * view.k + view.x, (y - pad) * view.k + view.y];
    const [width, height] = [(w + 2 * pad) * view.k, (h + 2 * pad) * view.k];
    if (radius < 2) {
      context.fillRect(left, top, width, height);
      return false;
    }
    context.beginPath();
    context.roundRect(left, top, width, height, radius);
    context.fill();
    return true;
  };
  if (scene.forest.roots.length > 1) {
    for (const { x, y, w, h } of trees) rect(x, y, w, h, 26);
  }
  context.strokeStyle = theme.line;
  context.lineWidth = 1;
  for (const { x, y, w, h } of groups) if (rect(x, y, w, h, 0)) context.stroke();
}

/** The lines of a small picture: right-angled, one pixel wide, and only those long enough to be seen. */
function drawPieces({ context, scene: { pieces }, view: { k, x, y }, theme }: Frame, box: Box): void {
  context.fillStyle = theme.edge;
  const width = k < 0.15 ? 1 : 1.5;
  const shortest = (k < 0.015 ? 8 : 3) / k;
  for (let at = 0; at + 3 < pieces.length; at += 4) {
    // No destructuring in the loops over all images: it would take ten times as long.
    const left = Math.min(pieces[at] ?? 0, pieces[at + 2] ?? 0);
    const right = Math.max(pieces[at] ?? 0, pieces[at + 2] ?? 0);
    const top = Math.min(pieces[at + 1] ?? 0, pieces[at + 3] ?? 0);
    const bottom = Math.max(pieces[at + 1] ?? 0, pieces[at + 3] ?? 0);
    if (right - left + bottom - top < shortest) return;
    if (left > box.right || right < box.left || top > box.bottom || bottom < box.top) continue;
    context.fillRect(
      left * k + x,
      top * k + y,
      Math.max(width, (right - left) * k),
      Math.max(width, (bottom - top) * k),
    );
  }
}

/** The lines of a large picture: with round corners. */
function drawLines({ context, scene: { forest, layout }, view, theme }: Frame, box: Box): void {
  const { x, y, groups, groupOf } = layout;
  context.strokeStyle = theme.edge;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let index = 0; index < x.length; index++) {
    const parent = forest.parent[index] ?? -1;
    if (parent === -1) continue;
    const at = groupOf[index] ?? -1;
    // An array looks for -1 among its names, which takes its time.
    const group = at === -1 ? undefined : groups[at];
    if (group !== undefined && group.members[0] !== index) continue;
    // A line goes at most so far beyond its two ends: above a column, or around a row's end.
    const x1 = x[parent] ?? 0;
    const x2 = group?.x ?? x[index] ?? 0;
    const y1 = y[parent] ?? 0;
    const y2 = group?.y ?? y[index] ?? 0;
    const end = layout.next[parent] === index ? x1 + (layout.itemW[parent] ?? 0) : x1 + card.w;
    if (Math.min(x1, x2) - 40 > box.right || Math.min(y1, y2) - 40 > box.bottom) continue;
    if (Math.max(end, x2) + 40 < box.left || Math.max(y1, y2) + card.h + 40 < box.top) continue;
    trace(context, pathTo(layout, index), view, 8 * view.k);
  }
  context.stroke();
}

/** From the selected image, or the one under the pointer, up to its root. */
function drawHistory({ context, scene, view, theme, emphasis }: Frame, box: Box): void {
  const from = emphasis.selected === -1 ? emphasis.hovered : emphasis.selected;
  if (from === -1) return;
  context.strokeStyle = theme.accent;
  context.lineWidth = Math.max(2, 2.5 * Math.min(1, view.k));
  context.beginPath();
  for (const index of historyOf(scene.forest, from)) {
    const path = pathTo(scene.layout, index);
    if (touches(path, box)) trace(context, path, view, Math.min(8, 8 * view.k));
  }
  context.stroke();
}

/** An image as a bar: as long as its layer is large, in the colour of its age. */
function drawBars({ context, scene, view: { k, x, y }, theme, emphasis }: Frame, box: Box): void {
  const { layout, ages } = scene;
  const height = card.h * k;
  const barHeight = Math.max(1, height * 0.62);
  const offset = (height - barHeight) / 2;
  const slots = height >= 7;
  const byClass: number[][] = ages.classes.map(() => []);
  // Bars of less than a pixel cover each other: one for each two pixels is as good as all.
  const isFree = height < 1 ? thinOut(2) : () => true;
  scene.places.within(box, (index) => {
    const left = (layout.x[index] ?? 0) * k + x;
    const top = (layout.y[index] ?? 0) * k + y;
    if (isFree(left, top)) byClass[ages.classOf[index] ?? 0]?.push(index);
  });
  if (slots) {
    context.fillStyle = theme.card;
    for (const list of byClass) {
      for (const index of list) {
        context.fillRect((layout.x[index] ?? 0) * k + x, (layout.y[index] ?? 0) * k + y, card.w * k, height);
      }
    }
  }
  for (const [place, list] of byClass.entries()) {
    context.fillStyle = toneColor(theme, ages.classes[place]?.tone ?? -1);
    context.globalAlpha = emphasis.matches === null ? 1 : 0.25;
    for (const index of list) {
      const width = Math.max(1, longestBar * card.w * k * (scene.sizes[index] ?? 0));
      context.fillRect(
        (layout.x[index] ?? 0) * k + x,
        (layout.y[index] ?? 0) * k + y + offset,
        width,
        barHeight,
      );
    }
  }
  if (height >= markedFrom) {
    const r = Math.min(5, height * 0.22);
    for (const index of byClass.flat()) {
      const node = scene.forest.nodes[index];
      if (node === undefined) continue;
      const right = ((layout.x[index] ?? 0) + card.w) * k + x;
      const middle = ((layout.y[index] ?? 0) + card.h / 2) * k + y;
      drawMark(context, checksumState(node), { x: right - r - 2, y: middle, r }, theme);
    }
  }
  context.globalAlpha = 1;
}

/** Rings around what was found, is selected or under the pointer; never too small to be seen. */
function drawEmphasis({ context, scene, view: { k, x, y }, theme, emphasis }: Frame, box: Box): void {
  const ring = (index: number, least: number, grow: number) => {
    const width = Math.max(least, card.w * k + 2 * grow);
    const height = Math.max(least, card.h * k + 2 * grow);
    const middleX = ((scene.layout.x[index] ?? 0) + card.w / 2) * k + x;
    const middleY = ((scene.layout.y[index] ?? 0) + card.h / 2) * k + y;
    context.roundRect(
      middleX - width / 2,
      middleY - height / 2,
      width,
      height,
      Math.min(height / 2, 8 * k + 3),
    );
  };
  const isVisible = (index: number) => {
    const [left = 0, top = 0] = [scene.layout.x[index], scene.layout.y[index]];
    return left <= box.right && top <= box.bottom && left + card.w >= box.left && top + card.h >= box.top;
  };
  if (emphasis.matches !== null) {
    const spread = thinOut(Math.min(4, card.h * k + 2));
    context.fillStyle = theme.found;
    context.strokeStyle = theme.found;
    context.lineWidth = 2.5;
    context.beginPath();
    for (const index of emphasis.found) {
      if (
        isVisible(index) &&
        spread((scene.layout.x[index] ?? 0) * k + x, (scene.layout.y[index] ?? 0) * k + y)
      ) {
        ring(index, 7, 2);
      }
    }
    if (card.h * k < 10) context.fill();
    else context.stroke();
  }
  if (emphasis.hovered !== -1 && emphasis.hovered !== emphasis.selected) {
    context.strokeStyle = theme.muted;
    context.lineWidth = 1.5;
    context.beginPath();
    ring(emphasis.hovered, 10, 2);
    context.stroke();
  }
  if (emphasis.selected !== -1) {
    context.beginPath();
    ring(emphasis.selected, 14, 3);
    context.strokeStyle = theme.page;
    context.lineWidth = 6;
    context.stroke();
    context.strokeStyle = theme.accent;
    context.lineWidth = 3;
    context.stroke();
  }
}

/** What must be seen at every zoom. */
function drawMarks({ context, scene, view: { k, x, y }, theme }: Frame, box: Box): void {
  const isFree = thinOut(markSpacing);
  const r = Math.min(6, Math.max(3.5, card.h * k * 0.3));
  const near = withMargin(box, 10 / k);
  for (const index of scene.marked) {
    const [left = 0, top = 0] = [scene.layout.x[index], scene.layout.y[index]];
    if (left > near.right || top > near.bottom || left + card.w < near.left || top + card.h < near.top)
      continue;
    const node = scene.forest.nodes[index];
    const marks: readonly Mark[] = [
      ...(node?.broken === undefined ? [] : (["broken"] as const)),
      ...(scene.forest.orphans.has(index) ? (["missing"] as const) : []),
      ...((node?.mounts ?? 0) === 0 ? [] : (["mounted"] as const)),
    ];
    const screenY = (top + card.h / 2) * k + y;
    for (const [place, mark] of marks.entries()) {
      const screenX = left * k + x + r + place * 2.4 * r;
      if (isFree(screenX, screenY)) drawMark(context, mark, { x: screenX, y: screenY, r }, theme);
    }
  }
}

/** True for the first point of each square of the screen: more would only cover each other. */
function thinOut(spacing: number): (x: number, y: number) => boolean {
  round++;
  return (x, y) => {
    // Squares of screens that are wider share a place: then a point too few is shown, which nobody sees.
    const square = (Math.floor(y / spacing) * 4_099 + Math.floor(x / spacing)) & (squares.length - 1);
    if (squares[square] === round) return false;
    squares[square] = round;
    return true;
  };
}

function trace(context: CanvasRenderingContext2D, path: Path, { k, x, y }: View, radius: number): void {
  context.moveTo((path[0] ?? 0) * k + x, (path[1] ?? 0) * k + y);
  for (let at = 2; at + 3 < path.length; at += 2) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = [path[at], path[at + 1], path[at + 2], path[at + 3]];
    context.arcTo(x1 * k + x, y1 * k + y, x2 * k + x, y2 * k + y, radius);
  }
  context.lineTo((path.at(-2) ?? 0) * k + x, (path.at(-1) ?? 0) * k + y);
}

function touches(path: Path, { left, top, right, bottom }: Box): boolean {
  if (path.length === 0) return false;
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let at = 0; at < path.length; at += 2) {
    const [x = 0, y = 0] = [path[at], path[at + 1]];
    minX = Math.min(minX, x);
    maxX = Math.max(maxX, x);
    minY = Math.min(minY, y);
    maxY = Math.max(maxY, y);
  }
  return minX <= right && maxX >= left && minY <= bottom && maxY >= top;
}

function withMargin({ left, top, right, bottom }: Box, margin: number): Box {
  return { left: left - margin, top: top - margin, right: right + margin, bottom: bottom + margin };
}
