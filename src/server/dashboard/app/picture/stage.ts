// The elements of the picture, but for those that have a file of their own.
import { element } from "./dom.js";
import { help } from "./keys.js";
import type { Size } from "./layout/index.js";

export interface Stage {
  readonly root: HTMLElement;
  /** Holds the canvas, and what lies above it. */
  readonly stage: HTMLElement;
  readonly canvas: HTMLCanvasElement;
  readonly context: CanvasRenderingContext2D;
  /** Read out, not seen. */
  readonly spoken: HTMLElement;
  /** Shown where the graph has no images. */
  readonly empty: HTMLElement;
  /** Says that a link leads to nothing. */
  readonly notice: HTMLElement;
  /** Gives the canvas the size of its place, in pixels of the page, and empties it. */
  measure(): Size;
}

export function makeStage(): Stage {
  const canvas = element("canvas", {
    tabindex: "0",
    role: "application",
    "aria-label": "Picture of the image graph",
    "aria-describedby": "picture-help",
  });
  const context = canvas.getContext("2d", { alpha: false });
  if (context === null) throw new Error("this browser has no canvas");
  const spoken = element("p", { class: "picture-spoken", "aria-live": "polite" });
  const empty = element("p", { class: "picture-empty" }, "The graph has no images yet.");
  const notice = element("p", { class: "picture-notice", role: "status" });
  empty.hidden = true;
  const instructions = element("p", { class: "picture-spoken", id: "picture-help" }, help);
  const stage = element("div", { class: "picture-stage" }, canvas, empty);
  const root = element("div", { class: "picture" }, stage, spoken, instructions);
  const measure = () => {
    const density = Math.max(1, devicePixelRatio);
    const size = { w: Math.max(1, stage.clientWidth), h: Math.max(1, stage.clientHeight) };
    canvas.width = Math.round(size.w * density);
    canvas.height = Math.round(size.h * density);
    return size;
  };
  return { root, stage, canvas, context, spoken, empty, notice, measure };
}
