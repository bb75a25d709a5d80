// The graph as a picture on a canvas, with its buttons, minimap, legend and the panel of the selected image.

import { openCamera } from "./camera.js";
import { describe } from "./describe.js";
import { button, element } from "./dom.js";
import { type Label, makeLegend, makeMinimap, onThemeChange, paint, readTheme } from "./drawing/index.js";
import { followKeys } from "./keys.js";
import type { Ages, GraphNode } from "./layout/index.js";
import { detailAt, walk, zoomLimits } from "./layout/index.js";
import type { PictureLink } from "./link.js";
import { makeMatches } from "./matches.js";
import { makePanel } from "./panel.js";
import { followPointer } from "./pointing.js";
import { cardBox, makeScene, nearestTo, rearrange, type Scene } from "./scene.js";
import { makeStage } from "./stage.js";
import { makeTeller } from "./teller.js";
import { boxInView, fitBox, follow } from "./view.js";
import "./picture.css";

export interface PictureOptions {
  /** Called when an image's page is to be opened. */
  open(id: string): void;
  /** Called when a link to what is shown has become another; `push` where somebody may want to go back. */
  changed(link: PictureLink, how: "push" | "replace"): void;
}

export interface Picture {
  /** Shows these images; what was selected and the part in view stay. */
  show(nodes: readonly GraphNode[]): void;
  /** Shows what a link says, as soon as there are images. */
  restore(link: PictureLink): void;
  /** Selects the next image that matches, or the one before. */
  step(by: 1 | -1): void;
  /** Selects an image and moves to it, as a click does. */
  select(id: string): void;
  close(): void;
}

/** How close an image is shown that somebody was led to. */
const legible = 0.9;
/** How long after the window has changed the images are laid out for it, in ms. */
const settling = 250;

/** Fills a place of the page, which gives it its size. */
export function openPicture(place: HTMLElement, { open, changed }: PictureOptions): Picture {
  const { root, stage, canvas, context, spoken, empty, notice, measure } = makeStage();
  const panel = makePanel((index) => {
    push(index, true);
    canvas.focus();
  });
  const matches = makeMatches(request, (index) => {
    choose(index);
    reveal(index);
    teller.soon();
  });
  const legend = makeLegend();
  const minimap = makeMinimap((x, y) => camera.look(x, y));
  const buttons = element(
    "div",
    { class: "picture-buttons" },
    button("+", "Zoom in", () => camera.zoomBy(1.6)),
    button("−", "Zoom out", () => camera.zoomBy(1 / 1.6)),
    button("⤢", "Show the whole graph", fit),
  );
  const pointing = followPointer(canvas, {
    scene: () => scene,
    view: () => camera.view,
    labels: () => labels,
    clicked(at) {
      if (typeof at === "number") push(at, false);
      else if (at.image !== undefined) push(at.image, false);
      else camera.show(at.box);
    },
    changed: request,
  });
  stage.append(
    element("div", { class: "picture-bar" }, matches.element, notice, buttons),
    ...[pointing.tip, panel.element, minimap.element],
  );
  stage.after(legend.element);
  place.append(root);

  let theme = readTheme(root);
  let scene: Scene | undefined;
  let labels: readonly Label[] = [];
  let selected = -1;
  /** What a link wants selected and the graph does not have. */
  let missing: string | undefined;
  let size = { w: 1, h: 1 };
  /** The shape of the window that the layout fills; NaN where a link has set another. */
  let filled = Number.NaN;
  let frame = 0;
  let refilling: ReturnType<typeof setTimeout> | undefined;
  const teller = makeTeller(linkNow, changed);
  const camera = openCamera(canvas, () => {
    pointing.tip.hidden = true;
    if (scene !== undefined) teller.soon();
    request();
  });
  const resizing = new ResizeObserver(resize);
  resizing.observe(stage);
  const endTheme = onThemeChange(() => {
    theme = readTheme(root);
    if (scene !== undefined) {
      legend.update(scene.ages, theme);
      minimap.update(scene, theme);
    }
    request();
  });
  followKeys(canvas, camera, {
    walk(step) {
      if (scene === undefined) return;
      choose(walk(scene.forest, selected, step));
      reveal(selected);
      teller.soon();
    },
    open() {
      const id = idOf(selected);
      if (id === undefined) return;
      teller.flush();
      open(id);
    },
    fit,
    unselect() {
      choose(-1);
      teller.soon();
    },
  });

  /** Draws once before the next frame of the screen, however much has changed. */
  function request(): void {
    if (frame === 0) frame = requestAnimationFrame(draw);
  }

  function draw(): void {
    frame = 0;
    if (scene === undefined) return;
    const found = matches.found ?? new Int32Array(0);
    const emphasis = { found, matches: matches.marks, selected, hovered: pointing.hovered };
    const density = canvas.width / size.w;
    const { view } = camera;
    labels = paint({ context, scene, view, window: size, density, theme, emphasis, now: Date.now() });
    minimap.frame(view, size);
  }

  function resize(): void {
    const { k, x, y } = camera.view;
    const middle = { x: (size.w / 2 - x) / k, y: (size.h / 2 - y) / k };
    size = measure();
    arrange();
    if (scene !== undefined && !camera.isFitted) camera.look(middle.x, middle.y);
    clearTimeout(refilling);
    refilling = setTimeout(() => {
      if (camera.isFitted && refill()) arrange();
    }, settling);
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

  function windowShape(): number {
    return Math.round(Math.min(3, Math.max(0.4, size.w / size.h)) * 100) / 100;
  }

  /** Lays the images out for the window, if they were for another. */
  function refill(): boolean {
    const aspect = windowShape();
    if (scene === undefined || Math.abs(aspect / filled - 1) < 0.05) return false;
    filled = aspect;
    use(rearrange(scene, { aspect, isExact: false }));
    return true;
  }

  function use(next: Scene): void {
    scene = next;
    minimap.update(next, theme);
    pointing.reset();
  }

  function fit(): void {
    if (refill()) arrange();
    camera.fit("smoothly");
  }

  /** Makes an image the selected one; -1 for none. */
  function choose(index: number): void {
    selected = index;
    matches.reach(index);
    tellMissing(undefined);
    if (scene === undefined) return;
    panel.show(scene.forest, index, Date.now());
    spoken.textContent = describe(scene.forest, index, Date.now());
    request();
  }

  /** Moves to an image. */
  function reveal(index: number): void {
    if (scene === undefined || index === -1) return;
    // Far out, one bar among thousands is no answer to "where is it".
    const least = detailAt(camera.view.k) === "bars" ? legible : 0;
    camera.reveal(cardBox(scene, index), panel.uncovered(size), least);
  }

  /** Selects by a click: the way back leads to what was selected before. */
  function push(index: number, moves: boolean): void {
    if (index === selected) return;
    teller.push(() => {
      choose(index);
      if (moves) reveal(index);
    });
  }

  function tellMissing(id: string | undefined): void {
    missing = id;
    notice.hidden = id === undefined;
    notice.textContent = id === undefined ? "" : `The graph has no image ${id}.`;
  }

  function linkNow(): PictureLink {
    const { k, x, y } = camera.view;
    const middle = { x: (size.w / 2 - x) / k, y: (size.h / 2 - y) / k, k };
    const shape = scene?.layout.aspect;
    return {
      selected: idOf(selected) ?? missing,
      view: camera.isFitted || shape === undefined ? undefined : { ...middle, shape },
      search: matches.query,
    };
  }

  /** Does what the link wants; there are images. */
  function obey({ selected: wanted, view }: PictureLink): void {
    if (scene === undefined) return;
    const index = wanted === undefined ? -1 : scene.search.resolve(wanted);
    if (view === undefined) refill();
    else if (view.shape !== scene.layout.aspect) {
      filled = Number.NaN;
      use(rearrange(scene, { aspect: view.shape, isExact: true }));
    }
    choose(index);
    if (index === -1) tellMissing(wanted);
    if (view === undefined && index === -1) camera.fit("now");
    arrange();
    if (view !== undefined) camera.look(view.x, view.y, view.k);
    else if (index !== -1) {
      const { left, top, right, bottom } = cardBox(scene, index);
      const { w, h } = panel.uncovered(size);
      const k = Math.max(legible, camera.view.k);
      camera.look((left + right) / 2 + (size.w - w) / 2 / k, (top + bottom) / 2 + (size.h - h) / 2 / k, k);
    }
  }

  function idOf(index: number): string | undefined {
    return scene?.forest.nodes[index]?.id;
  }

  // The layout takes the shape of the window, so the size is wanted before the observer tells it.
  resize();

  return {
    show(nodes) {
      const old = scene;
      const selectedId = idOf(selected);
      const anchorId =
        selectedId ?? (old === undefined ? undefined : nearestTo(old, boxInView(camera.view, size)));
      const wanted =
        old === undefined ? teller.told.view?.shape : camera.isFitted ? undefined : old.layout.aspect;
      const shapeFor = (ages: Ages) => {
        legend.update(ages, theme);
        // It takes room of the canvas.
        size = measure();
        if (wanted !== undefined) return { aspect: wanted, isExact: true };
        filled = windowShape();
        return { aspect: filled, isExact: false };
      };
      const next = makeScene(nodes, shapeFor, Date.now());
      use(next);
      empty.hidden = nodes.length > 0;
      matches.update(next);
      canvas.setAttribute("aria-label", `Picture of the image graph, ${nodes.length} images`);
      if (old === undefined) {
        obey(teller.told);
        return;
      }
      const wantedId = selectedId ?? missing;
      selected = wantedId === undefined ? -1 : next.search.resolve(wantedId);
      panel.show(next.forest, selected, Date.now());
      tellMissing(selected === -1 ? wantedId : undefined);
      const anchor = next.forest.indexOf.get(anchorId ?? "");
      if (anchor !== undefined && !camera.isFitted) {
        const before = cardBox(old, old.forest.indexOf.get(anchorId ?? "") ?? 0);
        const after = cardBox(next, anchor);
        camera.jump(follow(camera.view, { x: before.left, y: before.top }, { x: after.left, y: after.top }));
      }
      arrange();
    },
    restore(link) {
      const isSameView = teller.note(link);
      matches.find(link.search);
      if (isSameView || scene === undefined) return;
      obey(link);
      teller.cancel();
    },
    step: matches.step,
    select(id) {
      const index = scene?.forest.indexOf.get(id) ?? -1;
      if (index === selected) reveal(index);
      else push(index, true);
    },
    close() {
      cancelAnimationFrame(frame);
      teller.cancel();
      clearTimeout(refilling);
      resizing.disconnect();
      endTheme();
      camera.close();
      root.remove();
    },
  };
}
