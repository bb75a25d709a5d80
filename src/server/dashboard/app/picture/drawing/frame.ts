// What one drawing of the picture is made from.
import type { Size } from "../layout/index.js";
import type { Scene } from "../scene.js";
import type { View } from "../view.js";
import type { Theme } from "./theme.js";

/** What of the graph stands out. -1: no image. */
export interface Emphasis {
  /** null: nothing is searched for. By image: 1 if it matches. */
  readonly matches: Uint8Array | null;
  readonly found: Int32Array;
  readonly selected: number;
  readonly hovered: number;
}

export interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly scene: Scene;
  readonly view: View;
  /** In pixels of the page. */
  readonly window: Size;
  /** Pixels of the screen for each of the page. */
  readonly density: number;
  readonly theme: Theme;
  readonly emphasis: Emphasis;
  /** ms */
  readonly now: number;
}
