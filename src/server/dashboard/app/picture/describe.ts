// An image in words: for its panel, for those who hear it, and for the lines of a card.

import type { Forest, GraphNode } from "./layout/index.js";
import { ageInWords, checksumState } from "./layout/index.js";

/** Longer ids than this are cut. */
const shortLength = 12;

export function shortId(id: string): string {
  return id.slice(0, shortLength);
}

/** What an image is called: by its first name, else by what its comment begins with, else by its short id. */
export function titleOf({ id, names, comment }: GraphNode): string {
  return names?.[0] ?? (comment?.trim().split("\n", 1)[0] || shortId(id));
}

/** In powers of 1,024: `12.3 MiB`. */
export function sizeInWords(bytes: number | null): string {
  if (bytes === null) return "size not known";
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

/** What one who does not see the picture is told of an image. @param now ms */
export function describe(forest: Forest, index: number, now: number): string {
  const node = forest.nodes[index];
  if (node === undefined) return "";
  const children = forest.children[index]?.length ?? 0;
  const age = now - (forest.created[index] ?? Number.NaN);
  const orphan = forest.orphans.get(index);
  const state = checksumState(node);
  const parts = [
    `Image ${shortId(node.id)}`,
    node.names?.length ? `named ${node.names.join(", ")}` : "",
    node.comment ?? "",
    sizeInWords(node.layerBytes),
    Number.isNaN(age) ? "age not known" : `${ageInWords(age)} old`,
    children === 0 ? "no children" : counted(children, "child", "children"),
    node.parent === null ? "no parent" : `parent ${shortId(node.parent)}`,
    orphan === "missing" ? "which is not in the graph" : orphan === "cycle" ? "in a cycle of parents" : "",
    state === "none" ? "no checksum" : `checksums ${node.checksums.join(", ")}`,
    node.mounts === 0 ? "" : counted(node.mounts, "mount", "mounts"),
    node.broken === undefined ? "" : `broken: ${node.broken}`,
  ];
  return `${parts.filter((part) => part !== "").join(", ")}.`;
}

/** `1 child`, `12,000 children`. */
export function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
}
