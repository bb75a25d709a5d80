// The graph as a picture on a canvas, with its search field, buttons, legend and the panel of the selected image.

import { openCamera } from "./camera.js";
import { describe } from "./describe.js";
import { button, element } from "./dom.js";
import type { Label } from "./labels.js";
import type { Box, GraphNode, Size } from "./layout/index.js";
import { card, detailAt, type Step, walk, zoomLimits } from "./layout/index.js";
import { makeLegend } from "./legend.js";
import { paint } from "./paint.js";
import { makePanel } from "./panel.js";
import { makeScene, type Scene } from "./scene.js";
import { makeSearchBox } from "./searchbox.js";
import { onThemeChange, readTheme } from "./theme.js";
import { boxInView, fitBox, follow } from "./view.js";
import "./picture.css";

export interface PictureOptions {
  /** Called when an image's page is to be opened. */
  open(id: string): void;
}

export interface Picture {
  /** Shows these images; what was selected and the part in view stay. */
  show(nodes: readonly GraphNode[]): void;
  close(): void;
}

const steps: Readonly<Record<string, Step>> = {
  ArrowUp: "previous",
  ArrowDown: "next",
  ArrowLeft: "parent",
  ArrowRight: "child",
};
/** How near a click must be to a card that is small, in pixels of the screen. */
const reach = 8;
const help =
  "Arrow keys move along the tree: left to the parent, right to the first child, up and down to siblings. Enter opens the image's page. Plus and minus zoom, 0 shows the whole graph, slash searches.";

/** Fills a place of the page, which gives it its size. */
export function openPicture(place: HTMLElement, { open }: PictureOptions): Picture {
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
  const tip = element("p", { class: "picture-tip", "aria-hidden": "true" });
  empty.hidden = tip.hidden = true;
  const panel = makePanel((index) => {
    select(index);
    canvas.focus();
  });
  const search = makeSearchBox(request, (index) => select(index));
  const legend = makeLegend();
  const buttons = element(
    "div",
    { class: "picture-buttons" },
    button("+", "Zoom in", () => camera.zoomBy(1.6)),
    button("−", "Zoom out", () => camera.zoomBy(1 / 1.6)),
    button("⤢", "Show the whole graph", () => camera.fit("smoothly")),
  );
  const instructions = element("p", { class: "picture-spoken", id: "picture-help" }, help);
  const stage = element("div", { class: "picture-stage" }, canvas, empty, tip, panel.element);
  const bar = element("div", { class: "picture-bar" }, search.element, buttons);
  const root = element("div", { class: "picture" }, bar, stage, legend.element, spoken, instructions);
  place.append(root);

  let theme = readTheme(root);
  let scene: Scene | undefined;
  let labels: readonly Label[] = [];
  let selected = -1;
  let hovered = -1;
  let size = { w: 1, h: 1 };
  let frame = 0;
  const camera = openCamera(canvas, () => {
    tip.hidden = true;
    request();
  });
  const resizing = new ResizeObserver(resize);
  resizing.observe(stage);
  const endTheme = onThemeChange(() => {
    theme = readTheme(root);
    if (scene !== undefined) legend.update(scene.ages, theme);
    request();
  });

  /** Draws once before the next frame of the screen, however much has changed. */
  function request(): void {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }

  function draw(): void {
    frame = 0;
    if (scene === undefined || context === null) return;
    const { found } = search;
    const emphasis = {
      found: found ?? new Int32Array(0),
      matches: matchesOf(scene, found),
      selected,
      hovered,
    };
    const density = canvas.width / size.w;
    labels = paint({
      context,
      scene,
      view: camera.view,
      window: size,
      density,
      theme,
      emphasis,
      now: Date.now(),
    });
  }

  function resize(): void {
    const density = Math.max(1, devicePixelRatio);
    size = { w: Math.max(1, stage.clientWidth), h: Math.max(1, stage.clientHeight) };
    canvas.width = Math.round(size.w * density);
    canvas.height = Math.round(size.h * density);
    arrange();
    // At once: a canvas that was resized is empty.
    draw();
  }

  /** After the graph or the window has changed. */
  function arrange(): void {
    if (scene === undefined) return;
    const world = { w: scene.layout.width, h: scene.layout.height };
    const whole = fitBox({ left: 0, top: 0, right: world.w, bottom: world.h }, size, 0, 1);
    camera.setWorld(size, world, zoomLimits(whole.k));
    if (camera.isFitted) camera.fit("now");
    request();
  }

  /** Makes an image the selected one; -1 for none. */
  function choose(index: number): void {
    selected = index;
    if (scene === undefined) return;
    panel.show(scene.forest, index, Date.now());
    spoken.textContent = describe(scene.forest, index, Date.now());
    request();
  }

  /** The same, and moves to it. */
  function select(index: number): void {
    choose(index);
    if (scene === undefined || index === -1) return;
    // Far out, one bar among thousands is no answer to "where is it".
    const least = detailAt(camera.view.k) === "bars" ? 0.8 : 0;
    camera.reveal(cardBox(scene, index), uncovered(), least);
  }

  /** The part of the window beside the panel, or on a phone above it. */
  function uncovered(): Size {
    const { offsetWidth, offsetHeight } = panel.element;
    return offsetWidth > size.w / 2
      ? { w: size.w, h: size.h - offsetHeight }
      : { w: size.w - offsetWidth, h: size.h };
  }

  function point({ offsetX, offsetY }: MouseEvent): { x: number; y: number } {
    const { k, x, y } = camera.view;
    return { x: (offsetX - x) / k, y: (offsetY - y) / k };
  }

  function imageAt(event: MouseEvent): number {
    const { x, y } = point(event);
    return scene?.places.at(x, y, reach / camera.view.k) ?? -1;
  }

  canvas.addEventListener("click", (event) => {
    canvas.focus({ preventScroll: true });
    const label = labels.findLast(
      ({ x, y, w, h }) =>
        event.offsetX >= x && event.offsetX <= x + w && event.offsetY >= y && event.offsetY <= y + h,
    );
    if (label === undefined) choose(imageAt(event));
    else camera.show(label.box);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const index = event.buttons === 0 ? imageAt(event) : -1;
    canvas.style.cursor = index === -1 ? "grab" : "pointer";
    tip.hidden = index === -1 || detailAt(camera.view.k) === "cards";
    if (!tip.hidden && scene !== undefined) {
      if (index !== hovered) tip.textContent = describe(scene.forest, index, Date.now());
      tip.style.left = `${Math.min(event.offsetX + 14, size.w - 240)}px`;
      tip.style.top = `${event.offsetY + 16}px`;
    }
    if (index === hovered) return;
    hovered = index;
    request();
  });
  canvas.addEventListener("pointerleave", () => {
    hovered = -1;
    tip.hidden = true;
    request();
  });
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || scene === undefined) return;
    const step = steps[event.key];
    const id = scene.forest.nodes[selected]?.id;
    if (step !== undefined) select(walk(scene.forest, selected, step));
    else if (event.key === "Enter" && id !== undefined) open(id);
    else if (event.key === "+" || event.key === "=") camera.zoomBy(1.6);
    else if (event.key === "-") camera.zoomBy(1 / 1.6);
    else if (event.key === "0") camera.fit("smoothly");
    else if (event.key === "/") search.focus();
    else if (event.key === "Escape" && selected !== -1) select(-1);
    else return;
    event.preventDefault();
  });

  // The layout takes the shape of the window, so the size is wanted before the observer tells it.
  resize();

  return {
    show(nodes) {
      const old = scene;
      const oldIds = { selected: old?.forest.nodes[selected]?.id, anchor: undefined as string | undefined };
      if (old !== undefined) oldIds.anchor = oldIds.selected ?? nearestToMiddle(old);
      scene = makeScene(nodes, Math.min(2.4, Math.max(0.5, size.w / size.h)), Date.now());
      empty.hidden = nodes.length > 0;
      selected = scene.forest.indexOf.get(oldIds.selected ?? "") ?? -1;
      hovered = -1;
      legend.update(scene.ages, theme);
      search.update(scene);
      panel.show(scene.forest, selected, Date.now());
      canvas.setAttribute("aria-label", `Picture of the image graph, ${nodes.length} images`);
      const anchor = scene.forest.indexOf.get(oldIds.anchor ?? "");
      if (old !== undefined && anchor !== undefined && !camera.isFitted) {
        const before = cardBox(old, old.forest.indexOf.get(oldIds.anchor ?? "") ?? 0);
        const after = cardBox(scene, anchor);
        camera.jump(follow(camera.view, { x: before.left, y: before.top }, { x: after.left, y: after.top }));
      }
      arrange();
    },
    close() {
      cancelAnimationFrame(frame);
      resizing.disconnect();
      endTheme();
      camera.close();
      root.remove();
    },
  };

  /** The image that the reader is most likely to look at. */
  function nearestToMiddle({ places, forest }: Scene): string | undefined {
    const { left, top, right, bottom } = boxInView(camera.view, size);
    const index = places.at((left + right) / 2, (top + bottom) / 2, (right - left) / 2);
    return forest.nodes[index]?.id;
  }
}

function cardBox({ layout }: Scene, index: number): Box {
  const [left = 0, top = 0] = [layout.x[index], layout.y[index]];
  return { left, top, right: left + card.w, bottom: top + card.h };
}

let lastMatches: { readonly found: Int32Array; readonly matches: Uint8Array } | undefined;

/** By image, whether it was found; made once for each search. */
function matchesOf({ forest }: Scene, found: Int32Array | null): Uint8Array | null {
  if (found === null) return null;
  if (lastMatches?.found !== found) {
    const matches = new Uint8Array(forest.nodes.length);
    for (const index of found) matches[index] = 1;
    lastMatches = { found, matches };
  }
  return lastMatches.matches;
}
