// An image as a card: all that there is to tell in three lines, or its short id alone.

import { shortId, sizeInWords } from "./describe.js";
import type { Frame } from "./frame.js";
import { ageInWords, card, checksumState, sizeShare } from "./layout/index.js";
import { drawMark, type Mark } from "./marks.js";
import { toneColor } from "./theme.js";

const stripe = 6;
const left = stripe + 9;
const right = card.w - 10;

/** Id, marks, name or comment, size as a bar and as a figure, and age. */
export function drawCard(frame: Frame, index: number): void {
  const { context, scene, theme, now } = frame;
  const node = scene.forest.nodes[index];
  if (node === undefined) return;
  beginCard(frame, index);
  context.textBaseline = "alphabetic";
  context.textAlign = "left";
  context.fillStyle = theme.text;
  context.font = `600 13px ${theme.mono}`;
  context.fillText(shortId(node.id), left, 20);
  context.font = `12px ${theme.sans}`;
  context.fillStyle = node.broken === undefined ? theme.muted : theme.bad;
  context.fillText(
    cut(context, node.broken ?? node.names?.[0] ?? node.comment ?? "", right - left),
    left,
    37,
  );
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

/** The short id above the bar of its size. */
export function drawIdCard(frame: Frame, index: number): void {
  const { context, scene, theme } = frame;
  const node = scene.forest.nodes[index];
  if (node === undefined) return;
  beginCard(frame, index);
  context.textBaseline = "middle";
  context.textAlign = "left";
  context.fillStyle = theme.text;
  context.font = `600 22px ${theme.mono}`;
  context.fillText(shortId(node.id), left - 3, 24, card.w - left);
  drawSizeBar(frame, index, { x: left - 2, y: 43, w: 110, h: 9 });
  drawMarks(frame, index, { y: 48, r: 8, step: 20 });
  context.restore();
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

/** As much of a text as has room in one line, which is measured once. */
function cut(context: CanvasRenderingContext2D, text: string, width: number): string {
  const known = cutTexts.get(text);
  if (known !== undefined) return known;
  const line = text.slice(0, 60).replace(/\s+/g, " ");
  let shown = line;
  while (shown !== "" && context.measureText(shown === text ? shown : `${shown}…`).width > width) {
    shown = shown.slice(0, -1);
  }
  const result = shown === text ? text : `${shown}…`;
  if (cutTexts.size > 20_000) cutTexts.clear();
  cutTexts.set(text, result);
  return result;
}
