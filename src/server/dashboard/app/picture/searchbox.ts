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
    placeholder: "Search id, name or text  ( / )",
    "aria-label": "Search images by the beginning of an id, or by words of their names or comment",
    autocomplete: "off",
    spellcheck: "false",
  });
  const count = element("output", { class: "picture-count", "aria-live": "polite" });
  const previous = button("↑", "Previous match", () => go(place === -1 ? -1 : place - 1));
  const next = button("↓", "Next match", () => go(place + 1));
  const results = element("ul", { class: "picture-results", "aria-label": "Matches" });
  const box = element(
    "div",
    { class: "picture-search", role: "search", tabindex: "-1" },
    input,
    count,
    previous,
    next,
    results,
  );

  function find(): void {
    found = input.value.trim() === "" || scene === undefined ? null : scene.search.find(input.value);
    place = -1;
    list();
    changed();
  }

  function go(to: number): void {
    if (found === null || found.length === 0) return;
    place = (to + found.length) % found.length;
    mark();
    select(found[place] ?? -1);
  }

  /** Writes the list anew. */
  function list(): void {
    const total = found?.length ?? 0;
    previous.hidden = next.hidden = results.hidden = total === 0;
    const entries = [...(found ?? []).slice(0, mostListed)].map((index, at) => {
      const { id = "", names = [], comment } = scene?.forest.nodes[index] ?? {};
      const entry = element(
        "button",
        { type: "button" },
        element("code", {}, shortId(id)),
        ` ${names.join(", ")} ${comment ?? ""}`,
      );
      entry.addEventListener("click", () => go(at));
      return element("li", {}, entry);
    });
    if (total > entries.length) {
      entries.push(element("li", {}, `and ${(total - entries.length).toLocaleString("en-US")} more`));
    }
    results.replaceChildren(...entries);
    mark();
  }

  /** Tells which of them is shown. The buttons stay, and with them the focus. */
  function mark(): void {
    const total = (found?.length ?? 0).toLocaleString("en-US");
    count.textContent = found === null ? "" : place === -1 ? `${total} found` : `${place + 1} of ${total}`;
    for (const [at, entry] of [...results.children].entries()) {
      const choice = entry.querySelector("button");
      if (at !== place) choice?.removeAttribute("aria-current");
      else {
        choice?.setAttribute("aria-current", "true");
        entry.scrollIntoView({ block: "nearest" });
      }
    }
  }

  input.addEventListener("input", find);
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      event.preventDefault();
      (event.shiftKey ? previous : next).click();
    } else if (event.key === "Escape" && input.value !== "") {
      event.preventDefault();
      input.value = "";
      find();
    }
  });
  list();

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
      list();
    },
  };
}
