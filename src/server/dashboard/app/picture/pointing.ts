// The pointer on the canvas: what is under it, and what a click means.

import { describe } from "./describe.js";
import { element } from "./dom.js";
import type { Label } from "./drawing/index.js";
import { detailAt } from "./layout/index.js";
import type { Scene } from "./scene.js";
import type { View } from "./view.js";

export interface Pointing {
  /** What the image under the pointer is, in words. */
  readonly tip: HTMLElement;
  /** The image under the pointer; -1 for none. */
  readonly hovered: number;
  /** Forgets it: what is under the pointer has changed. */
  reset(): void;
}

/** What is drawn now, and what to do. */
export interface Pointed {
  scene(): Scene | undefined;
  view(): View;
  labels(): readonly Label[];
  /** Called with what was clicked: an image, a label, or -1 for neither. */
  clicked(at: number | Label): void;
  /** Called when another image is under the pointer. */
  changed(): void;
}

/** How near the pointer must be to a card that is small, in pixels of the screen. */
const reach = 8;

/** The most room that the tip takes. */
const tipWidth = 240;

export function followPointer(canvas: HTMLCanvasElement, on: Pointed): Pointing {
  const tip = element("p", { class: "picture-tip", "aria-hidden": "true" });
  tip.hidden = true;
  let hovered = -1;

  function imageAt(x: number, y: number): number {
    const { k, x: left, y: top } = on.view();
    return on.scene()?.places.at((x - left) / k, (y - top) / k, reach / k) ?? -1;
  }

  function labelAt(x: number, y: number): Label | undefined {
    const isIn = (label: Label) =>
      x >= label.x && x <= label.x + label.w && y >= label.y && y <= label.y + label.h;
    return on.labels().findLast(isIn);
  }

  /** Undefined where a card says it. */
  function tell(index: number): string | undefined {
    const scene = on.scene();
    if (index === -1 || scene === undefined || detailAt(on.view().k) === "cards") return undefined;
    return describe(scene.forest, index, Date.now());
  }

  function hover(index: number): void {
    if (index === hovered) return;
    hovered = index;
    on.changed();
  }

  canvas.addEventListener("click", ({ offsetX, offsetY }) => {
    canvas.focus({ preventScroll: true });
    on.clicked(labelAt(offsetX, offsetY) ?? imageAt(offsetX, offsetY));
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const { offsetX, offsetY } = event;
    const isFree = event.buttons === 0;
    const index = isFree ? imageAt(offsetX, offsetY) : -1;
    const isTarget = index !== -1 || (isFree && labelAt(offsetX, offsetY) !== undefined);
    canvas.style.cursor = isTarget ? "pointer" : "grab";
    const text = tell(index);
    tip.hidden = text === undefined;
    if (text !== undefined) {
      if (tip.textContent !== text) tip.textContent = text;
      tip.style.left = `${Math.min(offsetX + 14, canvas.clientWidth - tipWidth)}px`;
      tip.style.top = `${offsetY + 16}px`;
    }
    hover(index);
  });
  canvas.addEventListener("pointerleave", () => {
    tip.hidden = true;
    hover(-1);
  });

  return {
    tip,
    get hovered() {
      return hovered;
    },
    reset() {
      hovered = -1;
      tip.hidden = true;
    },
  };
}
