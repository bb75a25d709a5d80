// The keys on the canvas.
import type { Camera } from "./camera.js";
import type { Step } from "./layout/index.js";

export const help =
  "Arrow keys move along the tree: left to the parent, right to the first child, up and down to siblings. With Shift they move the picture. Enter opens the image's page. Plus and minus zoom, 0 shows the whole graph, slash searches.";

const steps: Readonly<Record<string, Step>> = {
  ArrowUp: "previous",
  ArrowDown: "next",
  ArrowLeft: "parent",
  ArrowRight: "child",
};
/** By how much Shift with an arrow moves, as parts of the window. */
const moves: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowUp: [0, -0.3],
  ArrowDown: [0, 0.3],
  ArrowLeft: [-0.3, 0],
  ArrowRight: [0.3, 0],
};

export interface KeyActions {
  walk(step: Step): void;
  open(): void;
  /** Shows the whole graph. */
  fit(): void;
  unselect(): void;
}

export function followKeys(canvas: HTMLCanvasElement, camera: Camera, actions: KeyActions): void {
  const act = ({ key, shiftKey }: KeyboardEvent): boolean => {
    const step = steps[key];
    const move = shiftKey ? moves[key] : undefined;
    if (move !== undefined) camera.pan(...move);
    else if (step !== undefined) actions.walk(step);
    else if (key === "Enter") actions.open();
    else if (key === "+" || key === "=") camera.zoomBy(1.6);
    else if (key === "-") camera.zoomBy(1 / 1.6);
    else if (key === "0") actions.fit();
    else if (key === "Escape") actions.unselect();
    else return false;
    return true;
  };
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (act(event)) event.preventDefault();
  });
}
