// What a picture is too small to show of its trees and groups: their names and how many images they have.
import { counted, shortId } from "./describe.js";
import type { Frame } from "./frame.js";
import { type Box, card, type Detail, groupTitle } from "./layout/index.js";

/** A text on the screen, in its pixels, and the part of the layout that it stands for. */
export interface Label {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
  readonly text: string;
  readonly box: Box;
}

const height = 20;
const most = 80;
/** No label needs less. */
const narrowest = 50;
/** A tree with fewer images needs no label. */
const fewest = 4;

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
      const { comment, id } = forest.nodes[tree.root] ?? { comment: null, id: "" };
      const name = comment === null || comment === "" || comment.length > 24 ? shortId(id) : comment;
      return `${name} · ${weight.toLocaleString("en-US")}`;
    };
    add(nameAndCount, tree, true);
  }
  for (const { x, y, w, text } of labels) {
    context.beginPath();
    context.roundRect(x, y, w, height, height / 2);
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
    context.fillText(text, x + 8, y + height / 2 + 0.5);
  }
  return labels;
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
