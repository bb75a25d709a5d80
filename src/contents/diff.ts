// Compares what is seen of two images.
import { setImmediate } from "node:timers/promises";
import { forEachConcurrent } from "../disk/index.js";
import { type ChangeKind, type DifferenceKind, throwIfAborted } from "../terms/index.js";
import type { ImageContents } from "./image-contents.js";
import type { FileInfo, FileType } from "./layer-tree.js";
import { mergeParts, type Seen, sorted } from "./merge.js";
import { pathIn, spellPath } from "./path-spelling.js";
import { readXattrs } from "./read-layer.js";
import { hasSameBytes } from "./same-bytes.js";

/** A path that differs. */
export interface DiffEntry {
  /** `add` is only in the second image, `delete` only in the first: of a directory that is gone only its own name. */
  readonly kind: ChangeKind;
  /** Absolute, spelled as `spell` does. */
  readonly path: string;
  /** What it is in the second image; of a deletion, what it was in the first. */
  readonly type: FileType;
  /** Bytes in the second image; null for a deletion. */
  readonly size: number | null;
  /** Bytes in the first image, with all that lay in a directory that is gone or replaced; null for what is added. */
  readonly formerSize: number | null;
  /** Of a modification: in which ways. */
  readonly differs: readonly DifferenceKind[];
}

export interface Diff {
  /** In the order of their names' bytes, each directory before what lies in it. */
  readonly changes: readonly DiffEntry[];
  readonly counts: Readonly<Record<ChangeKind, number>>;
  /** Bytes of the files that are seen of each image, a file of several names counted once. */
  readonly bytes: { readonly before: number; readonly after: number };
}

/** Two files or directories of one name that are not of one layer. */
interface Pair {
  readonly path: string;
  readonly before: Seen;
  readonly after: Seen;
  readonly differs: DifferenceKind[];
  readonly change: DiffEntry;
}

/** After how many names other work has its turn. */
const turn = 2_048;
/** How many pairs of files are read at a time. */
const readAtOnce = 4;

/**
 * Compares two images. What both have of one layer is the same without a look. Of two files of one size that no manifest
 * tells apart the bytes are read.
 * @throws `INTERNAL`, `NEEDS_ROOT` for what cannot be read; `IMAGE_BROKEN`; `TOOL_MISSING`, `CANCELLED`
 */
export async function diffImages(
  before: ImageContents,
  after: ImageContents,
  signal?: AbortSignal | undefined,
): Promise<Diff> {
  const found: (DiffEntry | Pair)[] = [];
  const layerOf = (contents: ImageContents, seen: Seen) => contents.layers[seen.layer]?.image.id;
  let passed = 0;

  async function compare(path: string, one: Seen, other: Seen): Promise<void> {
    if (hasSameParts(before, one, after, other)) return;
    const left = mergeParts(one.parts);
    const right = mergeParts(other.parts);
    const names = new Map([...left, ...right]);
    for (const [name] of sorted(names)) {
      passed += 1;
      if (passed % turn === 0) {
        await setImmediate();
        throwIfAborted(signal);
      }
      const [was, is] = [left.get(name), right.get(name)];
      const child = pathIn(path, name);
      if (was === undefined && is !== undefined) addAll(child, is);
      else if (was !== undefined && is === undefined) {
        const formerSize = bytesBelow(was);
        found.push({
          kind: "delete",
          path: spellPath(child),
          type: was.node.type,
          size: null,
          formerSize,
          differs: [],
        });
      } else if (was !== undefined && is !== undefined) {
        if (was.node.type !== is.node.type || layerOf(before, was) !== layerOf(after, is))
          note(child, was, is);
        if (is.node.type !== "directory") continue;
        if (was.node.type === "directory") await compare(child, was, is);
        else for (const [name, within] of sorted(mergeParts(is.parts))) addAll(pathIn(child, name), within);
      }
    }
  }

  function addAll(path: string, seen: Seen): void {
    const { type, size } = seen.node;
    found.push({ kind: "add", path: spellPath(path), type, size, formerSize: null, differs: [] });
    for (const [name, child] of sorted(mergeParts(seen.parts))) addAll(pathIn(path, name), child);
  }

  function note(path: string, was: Seen, is: Seen): void {
    const differs = differencesOf(was.node, is.node);
    const { type, size } = is.node;
    const formerSize = type === was.node.type ? was.node.size : bytesBelow(was);
    const change: DiffEntry = { kind: "modify", path: spellPath(path), type, size, formerSize, differs };
    found.push({ path, before: was, after: is, differs, change });
  }

  await compare("", before.root, after.root);
  const pairs = found.filter((each) => "change" in each);
  await compareBytes(before, after, pairs, signal);
  await compareXattrs(before, after, pairs, signal);
  const changes = found
    .map((each) => ("change" in each ? each.change : each))
    .filter(({ kind, differs }) => kind !== "modify" || differs.length > 0);
  const counts = { modify: 0, add: 0, delete: 0 };
  for (const { kind } of changes) counts[kind] += 1;
  return { changes, counts, bytes: { before: bytesBelow(before.root), after: bytesBelow(after.root) } };
}

/** Notes of files that may be the same whether their bytes are. */
async function compareBytes(
  before: ImageContents,
  after: ImageContents,
  pairs: readonly Pair[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const unknown = pairs.filter(
    ({ before: { node: was }, after: { node: is } }) =>
      was.type === "file" &&
      is.type === "file" &&
      was.size === is.size &&
      was.size > 0 &&
      (was.sha256 === undefined || is.sha256 === undefined),
  );
  await forEachConcurrent(
    unknown,
    readAtOnce,
    async ({ path, before: was, after: is, differs }) => {
      const same = await hasSameBytes(
        { contents: before, layer: was.layer, path },
        { contents: after, layer: is.layer, path },
      );
      if (!same) differs.unshift("content");
    },
    signal,
  );
}

/** Notes other extended attributes of what is the same otherwise, where no manifest has told of them. */
async function compareXattrs(
  before: ImageContents,
  after: ImageContents,
  pairs: readonly Pair[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const unknown = pairs.filter(
    ({ before: { node: was }, after: { node: is }, differs }) =>
      differs.length === 0 && (was.xattrs === undefined || is.xattrs === undefined),
  );
  const digests = async (contents: ImageContents, side: "before" | "after") => {
    const known = new Map<string, string>();
    for (const [layer, { image }] of contents.layers.entries()) {
      const paths = unknown.filter((pair) => pair[side].layer === layer).map(({ path }) => path);
      for (const [path, digest] of await readXattrs(image.layerDirectory, paths, signal))
        known.set(path, digest);
    }
    return known;
  };
  if (unknown.length === 0) return;
  const [was, is] = [await digests(before, "before"), await digests(after, "after")];
  for (const { path, differs } of unknown) if (was.get(path) !== is.get(path)) differs.push("xattr");
}

function differencesOf(was: FileInfo, is: FileInfo): DifferenceKind[] {
  const isSymlink = was.type === "symlink" && is.type === "symlink";
  const isKnown = (one: string | undefined, other: string | undefined) =>
    one !== undefined && other !== undefined && one !== other;
  const sameType = was.type === is.type;
  const kinds: [DifferenceKind, boolean][] = [
    ["content", sameType && (was.size !== is.size || isKnown(was.sha256, is.sha256))],
    // On Linux the mode of a symlink means nothing.
    ["mode", was.mode !== is.mode && !isSymlink],
    ["owner", was.uid !== is.uid || was.gid !== is.gid],
    ["mtime", was.mtime !== is.mtime],
    ["xattr", sameType && isKnown(was.xattrs, is.xattrs)],
    ["type", !sameType],
    ["target", sameType && (was.target !== is.target || was.device !== is.device)],
  ];
  return kinds.filter(([, differs]) => differs).map(([kind]) => kind);
}

/** True if two directories are made of the same layers, so that all in them is the same. */
function hasSameParts(before: ImageContents, one: Seen, after: ImageContents, other: Seen): boolean {
  return (
    one.parts.length === other.parts.length &&
    one.parts.every(({ layer }, at) => {
      const there = other.parts[at]?.layer ?? -1;
      return before.layers[layer]?.image.id === after.layers[there]?.image.id;
    })
  );
}

/** The bytes of a file, or of all files that are seen in a directory; one of several names counts once. */
export function bytesBelow(seen: Seen, counted: Set<FileInfo> = new Set()): number {
  if (seen.node.type !== "directory") {
    if (seen.node.links > 1 && counted.size === counted.add(seen.node).size) return 0;
    return seen.node.size;
  }
  let bytes = 0;
  for (const child of mergeParts(seen.parts).values()) bytes += bytesBelow(child, counted);
  return bytes;
}
