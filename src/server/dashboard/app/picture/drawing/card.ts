// An image as a card: all that there is to tell in three lines, or what it is called alone.

import { shortId, sizeInWords, titleOf } from "../describe.js";
import { ageInWords, card, checksumState, type GraphNode, sizeShare } from "../layout/index.js";
import type { Frame } from "./frame.js";
import { drawMark, type Mark } from "./marks.js";
import { toneColor } from "./theme.js";

const stripe = 6;
const left = stripe + 9;
const right = card.w - 10;

/** What it is called, marks, id and comment, size as a bar and as a figure, and age. */
export function drawCard(frame: Frame, index: number): void {
  const { context, scene, theme, now } = frame;
  const node = scene.forest.nodes[index];
  if (node === undefined) return;
  beginCard(frame, index);
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillStyle = theme.text;
  const marks = marksOf(frame, index).length;
  drawTitle(frame, node, { x: left, y: 20, size: 13, width: right - left - 6 - 17 * (marks - 0.5) });
  context.fillStyle = node.broken === undefined ? theme.muted : theme.bad;
  context.font = `12px ${theme.sans}`;
  context.fillText(cut(context, node.broken ?? besideTitle(node), right - left), left, 37);
  context.fillStyle = theme.muted;
  context.font = `11px ${theme.sans}`;
  const age = now - (scene.forest.created[index] ?? Number.NaN);
  context.fillText(node.layerBytes === null ? "size ?" : sizeInWords(node.layerBytes), left + 42, 55);
  context.textAlign = "right";
  if (!Number.isNaN(age)) context.fillText(ageInWords(age), right, 55);
  drawSizeBar(frame, index, { x: left, y: 48, w: 36, h: 6 });
  drawMarks(frame, index, { y: 15, r: 6, step: 17 });
  context.restore();
}

/** What it is called, above the bar of its size. */
export function drawTitleCard(frame: Frame, index: number): void {
  const { context, scene, theme } = frame;
  const node = scene.forest.nodes[index];
  if (node === undefined) return;
  beginCard(frame, index);
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = theme.text;
  drawTitle(frame, node, { x: left - 3, y: 24, size: 22, width: card.w - left });
  drawSizeBar(frame, index, { x: left - 2, y: 43, w: 110, h: 9 });
  drawMarks(frame, index, { y: 48, r: 8, step: 20 });
  context.restore();
}

function drawTitle(
  { context, theme }: Frame,
  node: GraphNode,
  { x, y, size, width }: { x: number; y: number; size: number; width: number },
): void {
  const title = titleOf(node);
  const isId = title === shortId(node.id);
  context.font = `600 ${size}px ${isId ? theme.mono : theme.sans}`;
  // Twelve figures and no more: they are squeezed rather than cut.
  if (isId) context.fillText(title, x, y, width);
  else context.fillText(cut(context, title, width, node.names?.[0] === title), x, y);
}

/** What the second line has: the id that the title does not tell, and the comment beside a name. */
function besideTitle(node: GraphNode): string {
  const { id, names, comment } = node;
  if (titleOf(node) === shortId(id)) return "";
  return names?.length && comment ? `${shortId(id).slice(0, 7)} · ${comment}` : shortId(id);
}

/** Draws the card itself; from then on, until the context is restored, all is in the card's own measures. */
function beginCard(frame: Frame, index: number): void {
  const { context, view, density } = frame;
  drawGround(frame, index);
  context.save();
  const scale = view.k * density;
  context.setTransform(scale, 0, 0, scale, ...originOf(frame, index, density));
}

function drawMarks(
  frame: Frame,
  index: number,
  { y, r, step }: { y: number; r: number; step: number },
): void {
  let x = right - 6;
  for (const mark of marksOf(frame, index)) {
    drawMark(frame.context, mark, { x, y, r }, frame.theme);
    x -= step;
  }
}

/** From the right: the checksum always, the others where they apply. */
function marksOf({ scene: { forest } }: Frame, index: number): Mark[] {
  const node = forest.nodes[index];
  if (node === undefined) return [];
  return [
    checksumState(node),
    ...(node.mounts > 0 ? (["mounted"] as const) : []),
    ...(node.broken === undefined ? [] : (["broken"] as const)),
    ...(forest.orphans.has(index) ? (["missing"] as const) : []),
  ];
}

/** The card itself, with the stripe of its age; in front of one whose parent is not there, a broken line. */
function drawGround(frame: Frame, index: number): void {
  const { context, scene, view, theme } = frame;
  const [x, y] = originOf(frame, index, 1);
  const [w, h, radius] = [card.w * view.k, card.h * view.k, 8 * view.k];
  const isBroken = scene.forest.nodes[index]?.broken !== undefined;
  if (scene.forest.orphans.has(index)) {
    context.strokeStyle = theme.warn;
    context.lineWidth = 2;
    context.setLineDash([4, 3]);
    context.beginPath();
    context.moveTo(x - 22 * view.k, y + h / 2);
    context.lineTo(x, y + h / 2);
    context.stroke();
    context.setLineDash([]);
  }
  context.beginPath();
  context.roundRect(x, y, w, h, radius);
  context.fillStyle = theme.card;
  context.fill();
  context.strokeStyle = isBroken ? theme.bad : theme.line;
  context.lineWidth = isBroken ? 1.5 : 1;
  context.stroke();
  const tone = scene.ages.classes[scene.ages.classOf[index] ?? 0]?.tone ?? -1;
  context.beginPath();
  context.roundRect(x, y, stripe * view.k, h, [radius, 0, 0, radius]);
  context.fillStyle = toneColor(theme, tone);
  context.fill();
}

function drawSizeBar(
  { context, scene, theme }: Frame,
  index: number,
  { x, y, w, h }: { x: number; y: number; w: number; h: number },
): void {
  const bytes = scene.forest.nodes[index]?.layerBytes ?? null;
  context.fillStyle = theme.track;
  context.fillRect(x, y, w, h);
  if (bytes === null) return;
  context.fillStyle = theme.muted;
  context.fillRect(x, y, w * sizeShare(bytes), h);
}

function originOf(
  { scene: { layout }, view: { k, x, y } }: Frame,
  index: number,
  density: number,
): [number, number] {
  return [((layout.x[index] ?? 0) * k + x) * density, ((layout.y[index] ?? 0) * k + y) * density];
}

const cutTexts = new Map<string, string>();

/**
 * As much of a text as has room in one line, which is measured once.
 * @param keepsEnd whether the end tells more than the middle: names differ by their last part and their tag
 */
export function cut(
  context: CanvasRenderingContext2D,
  text: string,
  width: number,
  keepsEnd = false,
): string {
  const key = `${width} ${context.font} ${text}`;
  const known = cutTexts.get(key);
  if (known !== undefined) return known;
  const line = text.slice(0, 300).replace(/\s+/g, " ");
  const shorten = (length: number) => {
    const end = keepsEnd ? Math.ceil(length * 0.65) : 0;
    return `${line.slice(0, length - end)}…${end === 0 ? "" : line.slice(-end)}`;
  };
  let [fits, tooLong] = [0, line.length];
  if (context.measureText(line).width <= width && line.length === text.length) fits = line.length;
  else {
    while (tooLong - fits > 1) {
      const middle = (fits + tooLong) >> 1;
      if (context.measureText(shorten(middle)).width <= width) fits = middle;
      else tooLong = middle;
    }
  }
  const result = fits === line.length ? line : shorten(fits);
  if (cutTexts.size > 20_000) cutTexts.clear();
  cutTexts.set(key, result);
  return result;
}
