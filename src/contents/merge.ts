// Merges the directories of several layers to the one that is seen, by the rules of whiteouts and opaque directories.
import { byteOrder } from "../layer/index.js";
import type { LayerDirectory, LayerNode } from "./layer-tree.js";

/** A directory of one of the layers. */
export interface Part {
  /** The layer's position in the stack, 0 on top. */
  readonly layer: number;
  readonly directory: LayerDirectory;
}

/** A name that is seen. */
export interface Seen {
  /** The layer that it is seen of. */
  readonly layer: number;
  readonly node: LayerNode;
  /** Of a directory: in which layers it lies, topmost first. Empty for everything else. */
  readonly parts: readonly Part[];
}

/**
 * Merges what lies in a directory that several layers have. Whiteouts and opaque markers hide what the layers below have,
 * never what their own layer has.
 * @param parts topmost first
 */
export function mergeParts(parts: readonly Part[]): Map<string, Seen> {
  const seen = new Map<string, { layer: number; node: LayerNode; parts: Part[]; isOpen: boolean }>();
  const hidden = new Set<string>();
  for (const { layer, directory } of parts) {
    for (const [name, node] of directory.children) {
      if (hidden.has(name)) continue;
      const part = node.type === "directory" ? { layer, directory: node } : undefined;
      const above = seen.get(name);
      if (above === undefined) {
        seen.set(name, { layer, node, parts: part ? [part] : [], isOpen: part !== undefined });
      } else if (above.isOpen && part !== undefined) above.parts.push(part);
      else above.isOpen = false;
    }
    if (directory.isOpaque) break;
    for (const name of directory.deletes) {
      hidden.add(name);
      const above = seen.get(name);
      if (above !== undefined) above.isOpen = false;
    }
  }
  return seen;
}

/** One of the names that `mergeParts` gives, without merging the others. */
export function seenIn(parts: readonly Part[], name: string): Seen | undefined {
  let seen: { layer: number; node: LayerNode; parts: Part[] } | undefined;
  for (const { layer, directory } of parts) {
    const node = directory.children.get(name);
    if (node !== undefined) {
      if (seen !== undefined && node.type !== "directory") break;
      seen ??= { layer, node, parts: [] };
      if (node.type !== "directory") break;
      seen.parts.push({ layer, directory: node });
    }
    if (directory.isOpaque || directory.deletes.has(name)) break;
  }
  return seen;
}

/** The names of a directory in the order of their bytes. */
export function sorted<Value>(names: ReadonlyMap<string, Value>): [name: string, value: Value][] {
  return [...names].sort(([one], [other]) => byteOrder(one, other));
}
