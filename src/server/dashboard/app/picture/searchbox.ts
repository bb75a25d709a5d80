// The search field of the picture, with how many images match and a list of the first of them.

import { shortId } from "./describe.js";
import { button, element } from "./dom.js";
import type { Scene } from "./scene.js";

export interface SearchBox {
  readonly element: HTMLElement;
  /** What was found last; null without a query. */
  readonly found: Int32Array | null;
  focus(): void;
  /** Searches anew, because the graph has changed. */
  update(scene: Scene): void;
}

/** A longer list helps nobody. */
const mostListed = 50;

/**
 * @param changed called when something else was found
 * @param select called with a match that is to be shown
 */
export function makeSearchBox(changed: () => void, select: (index: number) => void): SearchBox {
  let scene: Scene | undefined;
  let found: Int32Array | null = null;
  let place = -1;
  const input = element("input", {
    type: "search",
    placeholder: "Search id or text  ( / )",
    "aria-label": "Search images by the beginning of an id or by words of their comment",
    autocomplete: "off",
    spellcheck: "false",
  });
  const count = element("output", { class: "picture-count", "aria-live": "polite" });
  const previous = button("↑", "Previous match", () => go(-1));
  const next = button("↓", "Next match", () => go(1));
  const list = element("ul", { class: "picture-results", "aria-label": "Matches" });
  const box = element("search", { class: "picture-search" }, input, count, previous, next, list);

  function find(): void {
    found = input.value.trim() === "" || scene === undefined ? null : scene.search.find(input.value);
    place = -1;
    show();
    changed();
  }

  function go(step: number): void {
    if (found === null || found.length === 0) return;
    place = place === -1 && step < 0 ? found.length - 1 : (place + step + found.length) % found.length;
    show();
    select(found[place] ?? -1);
  }

  function show(): void {
    const total = found?.length ?? 0;
    count.textContent =
      found === null
        ? ""
        : place === -1
          ? `${total.toLocaleString("en-US")} found`
          : `${place + 1} of ${total.toLocaleString("en-US")}`;
    previous.hidden = next.hidden = total === 0;
    list.hidden = total === 0;
    const listed = [...(found ?? []).slice(0, mostListed)].map((index, at) => {
      const node = scene?.forest.nodes[index];
      const id = element("code", {}, shortId(node?.id ?? ""));
      const entry = element(
        "button",
        { type: "button", ...(at === place && { "aria-current": "true" }) },
        id,
        ` ${node?.comment ?? ""}`,
      );
      entry.addEventListener("click", () => {
        place = at;
        show();
        select(index);
      });
      return element("li", {}, entry);
    });
    const more = total - listed.length;
    if (more > 0) listed.push(element("li", {}, `and ${more.toLocaleString("en-US")} more`));
    list.replaceChildren(...listed);
  }

  input.addEventListener("input", find);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      go(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape" && input.value !== "") {
      event.preventDefault();
      input.value = "";
      find();
    }
  });
  show();

  return {
    element: box,
    get found() {
      return found;
    },
    focus: () => input.select(),
    update(newScene) {
      const current = scene?.forest.nodes[found?.[place] ?? -1]?.id;
      scene = newScene;
      if (input.value.trim() === "") return;
      found = scene.search.find(input.value);
      place = current === undefined ? -1 : found.indexOf(scene.forest.indexOf.get(current) ?? -1);
      show();
    },
  };
}
