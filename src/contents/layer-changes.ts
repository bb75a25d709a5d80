// Says what a layer does to what is seen below it: as `stevedore changes` does of a mount's upper.
import type { ChangeKind } from "../terms/index.js";
import type { ImageContents } from "./image-contents.js";
import type { LayerDirectory, LayerNode } from "./layer-tree.js";
import { mergeParts, type Part, type Seen, seenIn } from "./merge.js";
import { pathIn } from "./path-spelling.js";
import { fileNotFound, namesOf, notADirectory } from "./resolve.js";

/** A directory of a layer, and what lies in its place below. */
export interface LayerPlace {
  readonly layer: number;
  readonly directory: LayerDirectory;
  readonly below: readonly Part[];
  /** True if nothing of what lies below is seen through it. */
  readonly hides: boolean;
}

/** A name that a layer has, or deletes. */
export interface LayerChange {
  /** Null for a directory that is as it is below. */
  readonly kind: ChangeKind | null;
  /** What the layer has; of a deletion what was there. */
  readonly node: LayerNode;
  /** The position of the layer that it is of. */
  readonly layer: number;
  /** What was there; undefined for what is added. */
  readonly former: Seen | undefined;
  /** Of a directory that the layer has. */
  readonly place: LayerPlace | undefined;
}

/** The root of a layer. @param layer its position, 0 on top */
export function layerRoot({ layers }: ImageContents, layer: number): LayerPlace {
  const below = layers.map(({ tree }, at) => ({ layer: at, directory: tree.root })).slice(layer + 1);
  const directory = layers[layer]?.tree.root;
  if (directory === undefined) throw new Error(`there is no layer ${layer}`);
  return { layer, directory, below, hides: false };
}

/**
 * The names of a layer's directory, with what is done to each.
 *
 * - What is not seen below is `add`, what is seen there and the layer has too is `modify`, what the layer hides is
 *   `delete`: of a directory only its own name. An opaque directory deletes every name that it does not bring back.
 * - A directory that is on both sides is `modify` only if it changed itself: mode, owner, time or extended attributes.
 */
export function changesIn(place: LayerPlace): Map<string, LayerChange> {
  const { directory, below, hides } = place;
  const left = mergeParts(below);
  const changes = new Map<string, LayerChange>();
  for (const [name, node] of directory.children) {
    changes.set(name, changeBy(place, name, node, left.get(name)));
    left.delete(name);
  }
  for (const [name, former] of left) {
    if (!hides && !directory.isOpaque && !directory.deletes.has(name)) continue;
    changes.set(name, { kind: "delete", node: former.node, layer: former.layer, former, place: undefined });
  }
  return changes;
}

/** What a name does that the layer has. */
function changeBy(
  { layer, directory, hides }: LayerPlace,
  name: string,
  node: LayerNode,
  former: Seen | undefined,
): LayerChange {
  const isSame = former !== undefined && node.type === "directory" && former.node.type === "directory";
  const kind = former === undefined ? "add" : isSame && !differs(node, former.node) ? null : "modify";
  if (node.type !== "directory") return { kind, node, layer, former, place: undefined };
  const hidesBelow = hides || directory.isOpaque || directory.deletes.has(name);
  const place = { layer, directory: node, below: former?.parts ?? [], hides: hidesBelow };
  return { kind, node, layer, former, place };
}

/**
 * Follows a path in a layer alone. Nothing that is a symbolic link is followed.
 * @throws `FILE_NOT_FOUND`, `NOT_A_DIRECTORY`
 */
export function placeInLayer(contents: ImageContents, layer: number, path: string) {
  let place = layerRoot(contents, layer);
  let at = "";
  const names: string[] = [];
  for (const name of namesOf(path)) {
    if (name === "..") names.pop();
    else names.push(name);
  }
  for (const name of names) {
    const child = pathIn(at, name);
    const node = place.directory.children.get(name);
    if (node === undefined) throw fileNotFound(path, child);
    const { place: within } = changeBy(place, name, node, seenIn(place.below, name));
    if (within === undefined) throw notADirectory(child);
    place = within;
    at = child;
  }
  return { place, path: at };
}

function differs(one: LayerNode, other: LayerNode): boolean {
  const isKnown = one.xattrs !== undefined && other.xattrs !== undefined;
  return (
    one.mode !== other.mode ||
    one.uid !== other.uid ||
    one.gid !== other.gid ||
    one.mtime !== other.mtime ||
    (isKnown && one.xattrs !== other.xattrs)
  );
}
