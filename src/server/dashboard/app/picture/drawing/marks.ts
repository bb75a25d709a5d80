// The small shapes that tell an image's state, so that no colour has to: on the canvas and in the legend.
import type { ChecksumState } from "../layout/index.js";
import type { Theme } from "./theme.js";

export type Mark = ChecksumState | "mounted" | "broken" | "missing";

/**
 * Draws one: a ring (no checksum), a half-filled ring (one by some recipe), a disc with a tick (one by the default recipe), a diamond
 * (mounted), a triangle (broken), a ring with a question mark (the parent is not there).
 * @param x, y its middle @param r its radius
 */
export function drawMark(
  context: CanvasRenderingContext2D,
  mark: Mark,
  { x, y, r }: { readonly x: number; readonly y: number; readonly r: number },
  theme: Theme,
): void {
  context.lineWidth = Math.max(1, r / 4);
  context.lineJoin = "round";
  context.beginPath();
  switch (mark) {
    case "none":
      context.strokeStyle = theme.muted;
      context.arc(x, y, r * 0.8, 0, 2 * Math.PI);
      context.stroke();
      return;
    case "some":
      context.strokeStyle = theme.muted;
      context.fillStyle = theme.muted;
      context.arc(x, y, r * 0.8, 0, 2 * Math.PI);
      context.stroke();
      context.beginPath();
      context.arc(x, y, r * 0.8, Math.PI / 2, (3 * Math.PI) / 2);
      context.fill();
      return;
    case "default":
      context.fillStyle = theme.good;
      context.arc(x, y, r, 0, 2 * Math.PI);
      context.fill();
      context.strokeStyle = theme.card;
      context.lineWidth = Math.max(1, r / 3);
      context.beginPath();
      context.moveTo(x - 0.45 * r, y + 0.05 * r);
      context.lineTo(x - 0.1 * r, y + 0.4 * r);
      context.lineTo(x + 0.5 * r, y - 0.35 * r);
      context.stroke();
      return;
    case "mounted":
      context.fillStyle = theme.accent;
      context.moveTo(x, y - 1.15 * r);
      context.lineTo(x + 1.15 * r, y);
      context.lineTo(x, y + 1.15 * r);
      context.lineTo(x - 1.15 * r, y);
      context.closePath();
      context.fill();
      return;
    case "broken":
      context.fillStyle = theme.bad;
      context.moveTo(x, y - 1.1 * r);
      context.lineTo(x + 1.15 * r, y + 0.9 * r);
      context.lineTo(x - 1.15 * r, y + 0.9 * r);
      context.closePath();
      context.fill();
      drawSign(context, "!", x, y + 0.22 * r, r * 1.5, theme);
      return;
    case "missing":
      context.fillStyle = theme.warn;
      context.arc(x, y, r, 0, 2 * Math.PI);
      context.fill();
      drawSign(context, "?", x, y + 0.05 * r, r * 1.7, theme);
      return;
  }
}

function drawSign(
  context: CanvasRenderingContext2D,
  sign: string,
  x: number,
  y: number,
  size: number,
  { card, sans }: Theme,
): void {
  if (size < 6) return;
  context.fillStyle = card;
  context.font = `700 ${size}px ${sans}`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(sign, x, y);
}
