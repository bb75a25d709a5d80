// What a picture is too small to show: what its trees, groups and most important images are called.
import { counted, titleOf } from "../describe.js";
import { type Box, card, type Detail, groupTitle } from "../layout/index.js";
import { cut } from "./card.js";
import type { Frame } from "./frame.js";

/** A text on the screen, in its pixels, and the part of the layout that it stands for. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly text: string;
  readonly box: Box;
  /** The image whose name it is; undefined for one of a tree or a group. */
  readonly image?: number;
}

const height = 20;
const most = 80;
/** No label needs less. */
const narrowest = 50;
/** A tree with fewer images needs no label. */
const fewest = 4;
/** The height of an image's name, and the most of its width. */
const name = { h: 16, w: 150 };
/** One name for so many square pixels of the window: more would hide what they name. */
const roomOfName = 26_000;

/** Draws those that have room. @returns them, the last above the others */
export function drawLabels(frame: Frame, box: Box, detail: Detail): readonly Label[] {
  const { context, scene, theme, view } = frame;
  if (detail !== "bars") {
    drawTitles(frame, box);
    return [];
  }
  const { forest, layout } = scene;
  const labels: Label[] = [];
  context.font = `600 12px ${theme.sans}`;
  const add = (
    textOf: () => string,
    part: { x: number; y: number; w: number; h: number },
    isTree: boolean,
  ) => {
    if (labels.length >= most) return;
    if (part.x > box.right || part.y > box.bottom || part.x + part.w < box.left || part.y + part.h < box.top)
      return;
    const partW = part.w * view.k;
    const partH = part.h * view.k;
    // Before the text is made and measured: of thousands of trees few have room for one.
    if (partW < narrowest || partH < height * 1.2) return;
    const text = textOf();
    const w = context.measureText(text).width + 16;
    if (partW < w) return;
    const [left, top] = [part.x * view.k + view.x, part.y * view.k + view.y];
    // A tree's label stays in the window as long as the tree does.
    const x = isTree ? Math.min(Math.max(6, left - 4), left + partW - w) : left + (partW - w) / 2;
    const y = isTree ? Math.min(Math.max(6, top - height), top + partH - height) : top + (partH - height) / 2;
    if (
      labels.some(
        (other) => x < other.x + other.w && other.x < x + w && y < other.y + height && other.y < y + height,
      )
    )
      return;
    const target = { left: part.x, top: part.y, right: part.x + part.w, bottom: part.y + part.h };
    labels.push({ x, y, w, h: height, text, box: target });
  };
  for (const group of layout.groups)
    add(() => counted(group.members.length, "image", "images"), group, false);
  for (const tree of layout.trees) {
    const weight = forest.weight[tree.root] ?? 0;
    if (weight < fewest) continue;
    const nameAndCount = () => {
      const root = forest.nodes[tree.root];
      const title = root === undefined ? "" : cut(context, titleOf(root), 200, root.names !== undefined);
      return `${title} · ${weight.toLocaleString("en-US")}`;
    };
    add(nameAndCount, tree, true);
  }
  addNames(frame, box, labels);
  for (const { x, y, w, h, text, image } of labels) {
    context.font = image === undefined ? `600 12px ${theme.sans}` : `11px ${theme.sans}`;
    context.beginPath();
    context.roundRect(x, y, w, h, image === undefined ? h / 2 : 4);
    context.fillStyle = theme.card;
    context.globalAlpha = 0.92;
    context.fill();
    context.globalAlpha = 1;
    context.strokeStyle = theme.line;
    context.lineWidth = 1;
    context.stroke();
    context.fillStyle = theme.text;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(text, x + (image === undefined ? 8 : 4), y + h / 2 + 0.5);
  }
  return labels;
}

/** The names of images, as on a map: of the most important ones, where no other label stands. */
function addNames(
  { context, scene, theme, view: { k, x, y }, window, emphasis }: Frame,
  box: Box,
  labels: Label[],
): void {
  const { forest, layout } = scene;
  const enough = labels.length + Math.floor((window.w * window.h) / roomOfName);
  context.font = `11px ${theme.sans}`;
  for (const index of scene.named) {
    if (labels.length >= enough) return;
    const [left = 0, top = 0] = [layout.x[index], layout.y[index]];
    if (left > box.right || top > box.bottom || left + card.w < box.left || top + card.h < box.top) continue;
    if (emphasis.matches !== null && emphasis.matches[index] === 0) continue;
    // Below its bar, in the window.
    const labelY = (top + card.h) * k + y + 1;
    const labelX = left * k + x;
    const isFree = (w: number) =>
      labels.every(
        (other) =>
          labelX >= other.x + other.w ||
          other.x >= labelX + w ||
          labelY >= other.y + other.h ||
          other.y >= labelY + name.h,
      );
    // Most are refused before the text is measured.
    if (labelX < 0 || labelY + name.h > window.h || !isFree(8)) continue;
    const text = cut(context, forest.nodes[index]?.names?.[0] ?? "", name.w, true);
    const w = context.measureText(text).width + 8;
    if (labelX + w > window.w || !isFree(w)) continue;
    const target = { left, top, right: left + card.w, bottom: top + card.h };
    labels.push({ x: labelX, y: labelY, w, h: name.h, text, box: target, image: index });
  }
}

/** Above the images of a group. */
function drawTitles({ context, scene, theme, view: { k, x, y } }: Frame, box: Box): void {
  context.font = `600 ${Math.max(9, 13 * k)}px ${theme.sans}`;
  context.fillStyle = theme.muted;
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const group of scene.layout.groups) {
    if (group.x > box.right || group.y > box.bottom || group.x + group.w < box.left) continue;
    if (group.y + groupTitle < box.top) continue;
    const what = group.parent === -1 ? "alone" : "without children";
    context.fillText(
      `${counted(group.members.length, "image", "images")} ${what}`,
      Math.max(group.x * k + x, 0) + 12 * k,
      (group.y + groupTitle / 2) * k + y,
      card.w * 2 * k,
    );
  }
}
