// What the colours and shapes of the picture mean.

import { defaultRecipe } from "../../../../../terms/index.js";
import { element } from "../dom.js";
import type { Ages } from "../layout/index.js";
import { drawMark, type Mark } from "./marks.js";
import { type Theme, toneColor } from "./theme.js";

const marks: readonly (readonly [Mark, string])[] = [
  ["default", `checksum by ${defaultRecipe}`],
  ["some", "by another recipe"],
  ["none", "no checksum"],
  ["mounted", "mounted"],
  ["broken", "broken"],
  ["missing", "parent missing or in a cycle"],
];
/** The size of a mark's canvas, in pixels of the page. */
const side = 16;

export interface Legend {
  readonly element: HTMLElement;
  update(ages: Ages, theme: Theme): void;
}

/** Folded on a small screen, where it would hide the picture. */
export function makeLegend(): Legend {
  const list = element("ul");
  const details = element("details", { class: "picture-legend" }, element("summary", {}, "Legend"), list);
  details.open = matchMedia("(min-width: 640px)").matches;
  return {
    element: details,
    update(ages, theme) {
      const title = (text: string) => element("li", { class: "picture-legend-title" }, text);
      const lines = [
        title("Age"),
        ...ages.classes.map(({ label, tone }) => line(swatch(toneColor(theme, tone)), label)),
        title("State"),
        ...marks.map(([mark, label]) => line(drawn(mark, theme), label)),
        title("Size"),
        line(bars(theme), "a longer bar is a larger layer (logarithmic)"),
      ];
      list.replaceChildren(...lines);
    },
  };
}

function line(sign: HTMLCanvasElement, label: string): HTMLElement {
  return element("li", {}, sign, label);
}

function swatch(color: string): HTMLCanvasElement {
  return sign((context) => {
    context.fillStyle = color;
    context.fillRect(1, 4, side - 2, side - 8);
  });
}

function drawn(mark: Mark, theme: Theme): HTMLCanvasElement {
  return sign((context) => drawMark(context, mark, { x: side / 2, y: side / 2, r: 6 }, theme));
}

function bars(theme: Theme): HTMLCanvasElement {
  return sign((context) => {
    context.fillStyle = theme.muted;
    for (const [row, width] of [4, 9, 15].entries()) context.fillRect(0, 2 + row * 5, width, 3);
  });
}

function sign(draw: (context: CanvasRenderingContext2D) => void): HTMLCanvasElement {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const density = Math.max(1, devicePixelRatio);
  canvas.width = canvas.height = side * density;
  canvas.style.width = canvas.style.height = `${side}px`;
  const context = canvas.getContext("2d");
  if (context !== null) {
    context.scale(density, density);
    draw(context);
  }
  return canvas;
}
