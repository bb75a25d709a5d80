// Lists what is seen of an image, or what one of its layers does: one directory, or all below it, in pages.
import { setImmediate } from "node:timers/promises";
import { byteOrder } from "../layer/index.js";
import { type ChangeKind, throwIfAborted } from "../terms/index.js";
import { type ImageContents, layerAt } from "./image-contents.js";
import { changesIn, type LayerPlace, placeInLayer } from "./layer-changes.js";
import type { FileType, LayerNode } from "./layer-tree.js";
import { mergeParts, type Part, sorted } from "./merge.js";
import { pathIn, spell, spellPath } from "./path-spelling.js";
import { notADirectory, resolve } from "./resolve.js";
import { formatNanoseconds } from "./times.js";

/** An entry as it is told of. Paths, names and targets are spelled as `spell` does. */
export interface Entry {
  /** Absolute within the image. */
  readonly path: string;
  readonly name: string;
  /** What the layer does to what is below it; null for a directory that it leaves as it is, and where no layer is asked for. */
  readonly kind: ChangeKind | null;
  readonly type: FileType;
  /** Permissions in octal, four digits at least. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file; 0 for everything else. */
  readonly size: number;
  /** RFC 3339 with nanoseconds. */
  readonly mtime: string;
  /** Of a symlink. */
  readonly target: string | null;
  /** `major:minor` of a device. */
  readonly device: string | null;
  /** The names that the file has in its layer. */
  readonly links: number;
  /** The id of the image whose layer it is of. */
  readonly layer: string;
}

/** What is listed. */
export interface ListQuery {
  /** A latin1 string; default the root. */
  readonly path?: string | undefined;
  /** The layer whose entries are listed, as `layerAt` takes it; undefined for what is seen of the image. */
  readonly layer?: string | undefined;
  /** Everything below the path, not only what lies in it. */
  readonly isRecursive?: boolean | undefined;
  /** Only entries whose path has this text, whatever its case. */
  readonly search?: string | undefined;
}

/** An entry and the bytes of its path, which say where the next page begins. */
interface Found {
  readonly path: string;
  readonly entry: Entry;
}

/** After how many names other work has its turn. */
const turn = 4_096;

/**
 * Yields the entries in order: that of their names' bytes, each directory before what lies in it.
 * @param after the path of the entry that is passed over with all before it, a latin1 string
 * @throws `FILE_NOT_FOUND`, `NOT_A_DIRECTORY`, `NOT_A_FILE` for symbolic links in a circle; as `layerAt`; `CANCELLED`
 */
export async function* listEntries(
  contents: ImageContents,
  { path = "", layer, isRecursive = false, search = "" }: ListQuery,
  after?: string | undefined,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Found, void, undefined> {
  const steps = walkFrom(contents, path, layer, isRecursive, after);
  const wanted = search.toLowerCase();
  let passed = 0;
  for (const { path, node, kind, at } of steps) {
    passed += 1;
    if (passed % turn === 0) {
      await setImmediate();
      throwIfAborted(signal);
    }
    if (wanted !== "" && !spellPath(path).toLowerCase().includes(wanted)) continue;
    yield { path, entry: describe(contents, path, node, kind, at) };
  }
}

/** A page of them. @returns also where the next page begins, undefined at the end */
export async function listPage(
  contents: ImageContents,
  query: ListQuery & { readonly after?: string | undefined; readonly limit: number },
  signal?: AbortSignal | undefined,
): Promise<{ readonly entries: readonly Entry[]; readonly next: string | undefined }> {
  const entries: Entry[] = [];
  let last = "";
  for await (const { path, entry } of listEntries(contents, query, query.after, signal)) {
    if (entries.length === query.limit) return { entries, next: last };
    entries.push(entry);
    last = path;
  }
  return { entries, next: undefined };
}

/** The entry at a path. @param followsLast as `resolve` takes it; throws as that does */
export function entryAt(contents: ImageContents, path: string, followsLast: boolean): Entry {
  const { path: found, seen } = resolve(contents, path, followsLast);
  return describe(contents, found, seen.node, null, seen.layer);
}

interface Step {
  readonly path: string;
  readonly node: LayerNode;
  readonly kind: ChangeKind | null;
  readonly at: number;
}

function walkFrom(
  contents: ImageContents,
  path: string,
  layer: string | undefined,
  isRecursive: boolean,
  after: string | undefined,
): Generator<Step, void, undefined> {
  if (layer !== undefined) {
    const found = placeInLayer(contents, layerAt(contents, layer), path);
    return walkLayer(found.place, found.path, isRecursive, after);
  }
  const { path: found, seen } = resolve(contents, path, true);
  if (seen.node.type !== "directory") throw notADirectory(found);
  return walkSeen(seen.parts, found, isRecursive, after);
}

function* walkSeen(
  parts: readonly Part[],
  path: string,
  isRecursive: boolean,
  after: string | undefined,
): Generator<Step, void, undefined> {
  for (const [name, seen] of sorted(mergeParts(parts))) {
    const child = pathIn(path, name);
    const place = placeTo(after, child);
    if (place === "past") continue;
    if (place === "ahead") yield { path: child, node: seen.node, kind: null, at: seen.layer };
    if (isRecursive && seen.parts.length > 0)
      yield* walkSeen(seen.parts, child, true, place === "ahead" ? undefined : after);
  }
}

function* walkLayer(
  layer: LayerPlace,
  path: string,
  isRecursive: boolean,
  after: string | undefined,
): Generator<Step, void, undefined> {
  for (const [name, change] of sorted(changesIn(layer))) {
    const child = pathIn(path, name);
    const place = placeTo(after, child);
    if (place === "past") continue;
    if (place === "ahead") yield { path: child, node: change.node, kind: change.kind, at: change.layer };
    if (isRecursive && change.place !== undefined)
      yield* walkLayer(change.place, child, true, place === "ahead" ? undefined : after);
  }
}

/** Whether a path comes behind another in the order of the walk, leads to it, or is before it with all below. */
function placeTo(after: string | undefined, path: string): "ahead" | "within" | "past" {
  if (after === undefined) return "ahead";
  if (after === path || after.startsWith(`${path}/`)) return "within";
  const [one, other] = [path.split("/"), after.split("/")];
  for (const [at, name] of one.entries()) {
    const order = byteOrder(name, other[at] ?? "");
    if (order !== 0) return order > 0 ? "ahead" : "past";
  }
  return "past";
}

function describe(
  { layers }: ImageContents,
  path: string,
  node: LayerNode,
  kind: ChangeKind | null,
  layer: number,
): Entry {
  const { type, mode, uid, gid, size, mtime, target, device, links } = node;
  return {
    path: spellPath(path),
    name: spell(path.slice(path.lastIndexOf("/") + 1)),
    ...{ kind, type, mode, uid, gid, size },
    mtime: formatNanoseconds(mtime),
    target: target === undefined ? null : spell(target),
    device: device ?? null,
    links,
    layer: layers[layer]?.image.id ?? "",
  };
}
