// Which part of the layout the window shows: screen = layout * k + (x, y).

import type { Box, Size } from "./layout/index.js";

/** As d3-zoom has it. */
export interface View {
  readonly k: number;
  readonly x: number;
  readonly y: number;
}

/** Shows all of a box in the middle. @param window, margin in pixels of the screen @param closest the largest zoom */
export function fitBox(
  { left, top, right, bottom }: Box,
  window: Size,
  margin: number,
  closest: number,
): View {
  const k = Math.min(
    closest,
    (window.w - 2 * margin) / Math.max(1, right - left),
    (window.h - 2 * margin) / Math.max(1, bottom - top),
  );
  const scale = Math.max(k, 1e-4);
  return {
    k: scale,
    x: window.w / 2 - (scale * (left + right)) / 2,
    y: window.h / 2 - (scale * (top + bottom)) / 2,
  };
}

/** The part of the layout that the window shows. */
export function boxInView({ k, x, y }: View, window: Size): Box {
  return { left: -x / k, top: -y / k, right: (window.w - x) / k, bottom: (window.h - y) / k };
}

/** Moves the view as little as it takes to show a box with a margin, in pixels of the screen. */
export function reveal(view: View, { left, top, right, bottom }: Box, window: Size, margin: number): View {
  const { k, x, y } = view;
  return {
    k,
    x: x + shift(left * k + x, right * k + x, window.w, margin),
    y: y + shift(top * k + y, bottom * k + y, window.h, margin),
  };
}

/** Keeps a point where it is on the screen when it moves within the layout. */
export function follow(
  { k, x, y }: View,
  before: { x: number; y: number },
  after: { x: number; y: number },
): View {
  return { k, x: x + k * (before.x - after.x), y: y + k * (before.y - after.y) };
}

/** Between two views: the zoom moves by equal factors, and what is in the middle moves evenly. @param share 0..1 */
export function between(from: View, to: View, window: Size, share: number): View {
  const k = from.k * (to.k / from.k) ** share;
  // With a changing zoom, an even path of the middle on the screen is one by the zoom in the layout.
  const part = Math.abs(to.k - from.k) < 1e-9 ? share : (1 / from.k - 1 / k) / (1 / from.k - 1 / to.k);
  const middle = (view: View, size: number, offset: number) => (size / 2 - offset) / view.k;
  const along = (start: number, end: number) => start + (end - start) * part;
  return {
    k,
    x: window.w / 2 - k * along(middle(from, window.w, from.x), middle(to, window.w, to.x)),
    y: window.h / 2 - k * along(middle(from, window.h, from.y), middle(to, window.h, to.y)),
  };
}

function shift(from: number, to: number, size: number, margin: number): number {
  if (to - from > size - 2 * margin) return size / 2 - (from + to) / 2;
  if (from < margin) return margin - from;
  return to > size - margin ? size - margin - to : 0;
}
