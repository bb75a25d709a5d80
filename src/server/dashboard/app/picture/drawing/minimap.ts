// The whole graph in a corner of its picture, with a frame around the part in view: a click or a drag moves that part.
import { element } from "../dom.js";
import type { Size } from "../layout/index.js";
import { card } from "../layout/index.js";
import type { Scene } from "../scene.js";
import { boxInView, type View } from "../view.js";
import { type Theme, toneColor } from "./theme.js";

export interface Minimap {
  readonly element: HTMLElement;
  /** Draws the graph anew: it, or the colours have changed. */
  update(scene: Scene, theme: Theme): void;
  /** Draws the frame, or hides all where the window shows the whole graph. */
  frame(view: View, window: Size): void;
}

/** The most that it takes, in pixels of the page, and as a part of the window. */
const most = { w: 200, h: 140, part: 0.28 };
const padding = 4;

/**
 * Nothing that is reached by it alone: Shift with the arrow keys moves the picture as well.
 * @param centre called with the point of the layout that is to stand in the middle
 */
export function makeMinimap(centre: (x: number, y: number) => void): Minimap {
  const canvas = element("canvas");
  const box = element("div", { class: "picture-minimap", "aria-hidden": "true" }, canvas);
  const context = canvas.getContext("2d");
  const whole = document.createElement("canvas");
  box.hidden = true;
  let scene: Scene | undefined;
  let theme: Theme | undefined;
  let scale = 1;
  let isStale = true;

  const point = ({ offsetX, offsetY }: PointerEvent) =>
    centre((offsetX - padding) / scale, (offsetY - padding) / scale);
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    point(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) point(event);
  });

  function size({ layout }: Scene, window: Size): void {
    const [w, h] = [Math.min(most.w, window.w * most.part), Math.min(most.h, window.h * most.part)];
    const fitting = Math.min(w / Math.max(1, layout.width), h / Math.max(1, layout.height));
    if (fitting === scale && !isStale) return;
    scale = fitting;
    isStale = false;
    const density = Math.max(1, devicePixelRatio);
    const [width, height] = [layout.width * scale + 2 * padding, layout.height * scale + 2 * padding];
    for (const each of [canvas, whole]) {
      each.width = Math.max(1, Math.round(width * density));
      each.height = Math.max(1, Math.round(height * density));
    }
    canvas.style.width = `${width}px`;
    canvas.style.height = `${height}px`;
    drawWhole(density);
  }

  function drawWhole(density: number): void {
    const on = whole.getContext("2d", { alpha: false });
    if (on === null || scene === undefined || theme === undefined) return;
    const { layout, ages, forest } = scene;
    on.setTransform(density, 0, 0, density, 0, 0);
    on.fillStyle = theme.card;
    on.fillRect(0, 0, whole.width, whole.height);
    on.fillStyle = theme.frame;
    const rect = (x: number, y: number, w: number, h: number) =>
      on.fillRect(padding + x * scale, padding + y * scale, Math.max(1, w * scale), Math.max(1, h * scale));
    for (const { x, y, w, h } of layout.trees) rect(x, y, w, h);
    const colors = ages.classes.map(({ tone }) => toneColor(theme as Theme, tone));
    for (let index = 0; index < forest.nodes.length; index++) {
      on.fillStyle = colors[ages.classOf[index] ?? 0] ?? theme.muted;
      rect(layout.x[index] ?? 0, layout.y[index] ?? 0, card.w * (scene.sizes[index] ?? 1), card.h * 0.62);
    }
  }

  return {
    element: box,
    update(newScene, newTheme) {
      scene = newScene;
      theme = newTheme;
      isStale = true;
    },
    frame(view, window) {
      if (scene === undefined || theme === undefined || context === null) return;
      const seen = boxInView(view, window);
      const { width, height } = scene.layout;
      const isWhole = seen.left <= 1 && seen.top <= 1 && seen.right >= width - 1 && seen.bottom >= height - 1;
      box.hidden = isWhole || scene.forest.nodes.length === 0;
      if (box.hidden) return;
      size(scene, window);
      const density = canvas.width / (width * scale + 2 * padding);
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.drawImage(whole, 0, 0);
      context.setTransform(density, 0, 0, density, 0, 0);
      const left = Math.max(0, seen.left) * scale + padding;
      const top = Math.max(0, seen.top) * scale + padding;
      const right = Math.min(width, seen.right) * scale + padding;
      const bottom = Math.min(height, seen.bottom) * scale + padding;
      // What is not in view is dimmed; the frame is never too small to be seen.
      context.fillStyle = theme.page;
      context.globalAlpha = 0.4;
      const [w, h] = [width * scale + 2 * padding, height * scale + 2 * padding];
      context.fillRect(0, 0, w, top);
      context.fillRect(0, bottom, w, h - bottom);
      context.fillRect(0, top, left, bottom - top);
      context.fillRect(right, top, w - right, bottom - top);
      context.globalAlpha = 1;
      context.strokeStyle = theme.accent;
      context.lineWidth = 2;
      const [frameW, frameH] = [Math.max(6, right - left), Math.max(6, bottom - top)];
      context.strokeRect(Math.min(left, w - frameW - 1), Math.min(top, h - frameH - 1), frameW, frameH);
    },
  };
}
