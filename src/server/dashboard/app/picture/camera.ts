// Which part of the graph the canvas shows: moved by wheel, fingers and mouse (d3-zoom), by buttons and by keys.
import { select } from "d3-selection";
import { type ZoomTransform, zoom, zoomIdentity } from "d3-zoom";
import type { Box, Size } from "./layout/index.js";
import { between, fitBox, reveal, type View } from "./view.js";

export interface Camera {
  readonly view: View;
  /** True until someone has moved it: then a larger graph or window is shown whole. */
  readonly isFitted: boolean;
  /** Tells it the sizes, in pixels of the page and of the layout, and how far the zoom may go. */
  setWorld(window: Size, world: Size, limits: readonly [number, number]): void;
  /** Shows all of the world, at once or in a moment. */
  fit(how: "now" | "smoothly"): void;
  /** Shows all of a box. */
  show(box: Box): void;
  /** Zooms around the middle. */
  zoomBy(factor: number): void;
  /** Moves as little as it takes to show a box in the left upper `part` of the window, and closer than `least`. */
  reveal(box: Box, part: Size, least: number): void;
  jump(view: View): void;
  /** Shows this point of the layout in the middle, at this zoom or the present one. */
  look(x: number, y: number, k?: number): void;
  /** Moves by a part of the window. */
  pan(x: number, y: number): void;
  close(): void;
}

/** In pixels of the screen: a tree's label has room in it. */
const margin = 26;
/** What the buttons above the picture take of the window, beyond the margin. */
const bar = 22;
/** How long a smooth move takes, in ms. */
const duration = 320;
/** A few images are never shown larger than this by themselves. */
const closest = 2;

/** @param moved called whenever the view has changed */
export function openCamera(canvas: HTMLCanvasElement, moved: () => void): Camera {
  let window: Size = { w: 1, h: 1 };
  let world: Size = { w: 1, h: 1 };
  let view: View = zoomIdentity;
  let isFitted = true;
  let animation = 0;
  const behavior = zoom<HTMLCanvasElement, unknown>()
    .clickDistance(5)
    .extent(() => [
      [0, 0],
      [window.w, window.h],
    ])
    .constrain(keepInside)
    .on("zoom", (event: { transform: ZoomTransform; sourceEvent: unknown }) => {
      view = event.transform;
      if (event.sourceEvent !== null) {
        cancelAnimationFrame(animation);
        isFitted = false;
      }
      moved();
    });
  const selection = select(canvas).call(behavior);

  function jump(to: View): void {
    behavior.transform(selection, zoomIdentity.translate(to.x, to.y).scale(to.k));
  }

  function glide(to: View): void {
    cancelAnimationFrame(animation);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
      jump(to);
      return;
    }
    const from = view;
    const began = performance.now();
    const step = (time: number) => {
      const share = Math.min(1, Math.max(0, (time - began) / duration));
      jump(share === 1 ? to : between(from, to, window, 1 - (1 - share) ** 3));
      if (share < 1) animation = requestAnimationFrame(step);
    };
    animation = requestAnimationFrame(step);
  }

  function fitted(box: Box): View {
    const { k, x, y } = fitBox(box, { w: window.w, h: window.h - bar }, margin, closest);
    return { k, x, y: y + bar };
  }

  /** The middle of the window stays within the world. */
  function keepInside(transform: ZoomTransform): ZoomTransform {
    const x = (window.w / 2 - transform.x) / transform.k;
    const y = (window.h / 2 - transform.y) / transform.k;
    const [nearX, nearY] = [Math.min(world.w, Math.max(0, x)), Math.min(world.h, Math.max(0, y))];
    return nearX === x && nearY === y ? transform : transform.translate(x - nearX, y - nearY);
  }

  return {
    get view() {
      return view;
    },
    get isFitted() {
      return isFitted;
    },
    setWorld(newWindow, newWorld, limits) {
      window = newWindow;
      world = newWorld;
      behavior.scaleExtent([...limits]);
    },
    fit(how) {
      isFitted = true;
      const whole = fitted({ left: 0, top: 0, right: world.w, bottom: world.h });
      if (how === "now") {
        cancelAnimationFrame(animation);
        jump(whole);
      } else glide(whole);
    },
    show(box) {
      isFitted = false;
      glide(fitted(box));
    },
    zoomBy(factor) {
      isFitted = false;
      const [least, most] = behavior.scaleExtent();
      const k = Math.min(most, Math.max(least, view.k * factor));
      const part = k / view.k;
      glide({
        k,
        x: window.w / 2 - part * (window.w / 2 - view.x),
        y: window.h / 2 - part * (window.h / 2 - view.y),
      });
    },
    reveal(box, part, least) {
      if (view.k >= least) {
        const near = reveal(view, box, part, margin);
        if (near.x === view.x && near.y === view.y) return;
        isFitted = false;
        glide(near);
        return;
      }
      isFitted = false;
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      glide({ k: least, x: part.w / 2 - least * x, y: part.h / 2 - least * y });
    },
    jump,
    look(x, y, k = view.k) {
      isFitted = false;
      cancelAnimationFrame(animation);
      const [least, most] = behavior.scaleExtent();
      const scale = Math.min(most, Math.max(least, k));
      jump({ k: scale, x: window.w / 2 - scale * x, y: window.h / 2 - scale * y });
    },
    pan(x, y) {
      isFitted = false;
      glide({ k: view.k, x: view.x - x * window.w, y: view.y - y * window.h });
    },
    close() {
      cancelAnimationFrame(animation);
      selection.on(".zoom", null);
    },
  };
}
