// How many images of the picture match what is searched for, and the buttons that go from one to the next.
import { button, element } from "./dom.js";
import type { Scene } from "./scene.js";

export interface Matches {
  readonly element: HTMLElement;
  /** What was found last; null without a query. */
  readonly found: Int32Array | null;
  /** By image: 1 if it was found; null without a query. */
  readonly marks: Uint8Array | null;
  readonly query: string;
  /** Looks for another text. */
  find(query: string): void;
  /** Goes to the next match, or the one before. */
  step(by: 1 | -1): void;
  /** Notes that an image is selected, which may be a match. */
  reach(index: number): void;
  /** Searches anew, because the graph has changed. */
  update(scene: Scene): void;
}

/**
 * @param changed called when something else was found
 * @param select called with a match that is to be shown
 */
export function makeMatches(changed: () => void, select: (index: number) => void): Matches {
  let scene: Scene | undefined;
  let query = "";
  let found: Int32Array | null = null;
  let marks: Uint8Array | null = null;
  let place = -1;
  const count = element("output", { class: "picture-count", "aria-live": "polite" });
  const previous = button("↑", "Previous match", () => step(-1));
  const next = button("↓", "Next match", () => step(1));
  const box = element("div", { class: "picture-matches" }, count, previous, next);

  function look(): void {
    found = query.trim() === "" || scene === undefined ? null : scene.search.find(query);
    marks = found === null ? null : new Uint8Array(scene?.forest.nodes.length ?? 0);
    for (const index of found ?? []) if (marks !== null) marks[index] = 1;
    tell();
    changed();
  }

  function step(by: 1 | -1): void {
    if (found === null || found.length === 0) return;
    place = place === -1 && by === -1 ? found.length - 1 : (place + by + found.length) % found.length;
    tell();
    select(found[place] ?? -1);
  }

  function tell(): void {
    const total = (found?.length ?? 0).toLocaleString("en-US");
    box.hidden = found === null;
    count.textContent = found === null ? "" : place === -1 ? `${total} found` : `${place + 1} of ${total}`;
    previous.disabled = next.disabled = found === null || found.length === 0;
  }
  tell();

  return {
    element: box,
    get found() {
      return found;
    },
    get marks() {
      return marks;
    },
    get query() {
      return query;
    },
    find(wanted) {
      if (wanted === query) return;
      query = wanted;
      place = -1;
      look();
    },
    step,
    reach(index) {
      place = found?.indexOf(index) ?? -1;
      tell();
    },
    update(newScene) {
      const current = scene?.forest.nodes[found?.[place] ?? -1]?.id;
      scene = newScene;
      look();
      place = current === undefined ? -1 : (found?.indexOf(scene.forest.indexOf.get(current) ?? -1) ?? -1);
      tell();
    },
  };
}
