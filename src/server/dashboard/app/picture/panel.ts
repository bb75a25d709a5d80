// What there is to tell of the selected image, beside the picture.

import { counted, shortId, sizeInWords, titleOf } from "./describe.js";
import { button, element } from "./dom.js";
import type { Forest, Size } from "./layout/index.js";
import { ageInWords, checksumState } from "./layout/index.js";

export interface Panel {
  readonly element: HTMLElement;
  /** @param index -1 hides it @param now ms */
  show(forest: Forest, index: number, now: number): void;
  /** How much of the window is beside it, or on a phone above it. */
  uncovered(window: Size): Size;
}

/** @param select called with an image that is to be selected, or -1 */
export function makePanel(select: (index: number) => void): Panel {
  const panel = element("section", { class: "picture-panel", "aria-label": "Selected image" });
  panel.hidden = true;

  function show(forest: Forest, index: number, now: number): void {
    const node = forest.nodes[index];
    panel.hidden = node === undefined;
    if (node === undefined) return;
    const title = titleOf(node);
    const rows = element("dl");
    const row = (name: string, ...content: (Node | string)[]) =>
      rows.append(element("dt", {}, name), element("dd", {}, ...content));
    if (node.broken !== undefined) row("Broken", element("strong", { class: "picture-bad" }, node.broken));
    if (node.names?.length) row("Names", node.names.join(", "));
    if (node.comment && node.comment !== title) row("Comment", node.comment);
    row("Size", sizeInWords(node.layerBytes));
    const created = forest.created[index] ?? Number.NaN;
    if (Number.isNaN(created)) row("Created", "not known");
    else {
      const time = element("time", { datetime: node.created ?? "" }, new Date(created).toLocaleString());
      row("Created", time, ` (${ageInWords(now - created)})`);
    }
    row("Parent", parentOf(forest, index));
    const [first] = forest.children[index] ?? [];
    const children = counted(forest.children[index]?.length ?? 0, "child", "children");
    const below = (forest.weight[index] ?? 1) - 1;
    row(
      "Children",
      first === undefined ? "none" : button(children, "Go to the first child", () => select(first)),
      first === undefined ? "" : ` ${below.toLocaleString("en-US")} below it in all`,
    );
    row("Checksums", checksumState(node) === "none" ? "none" : node.checksums.join(", "));
    if (node.mounts > 0) row("Mounts", node.mounts.toLocaleString("en-US"));
    const link = element("a", { href: `/images/${encodeURIComponent(node.id)}` }, "Open the image's page");
    panel.replaceChildren(
      button("×", "Close", () => select(-1)),
      element("h2", { title }, title === shortId(node.id) ? element("code", {}, title) : title),
      element("code", { class: "picture-id" }, node.id),
      rows,
      link,
    );
  }

  function parentOf(forest: Forest, index: number): Node | string {
    const node = forest.nodes[index];
    if (node === undefined || node.parent === null) return "none";
    const orphan = forest.orphans.get(index);
    if (orphan === "missing") return `${shortId(node.parent)}, which is not in the graph`;
    const parent = forest.indexOf.get(node.parent) ?? -1;
    const title = titleOf(forest.nodes[parent] ?? node);
    const link = button(title, "Go to the parent", () => select(parent));
    return orphan === "cycle" ? element("span", {}, link, " in a cycle of parents") : link;
  }

  return {
    element: panel,
    show,
    uncovered({ w, h }) {
      const { offsetWidth, offsetHeight } = panel;
      return offsetWidth > w / 2 ? { w, h: h - offsetHeight } : { w: w - offsetWidth, h };
    },
  };
}
