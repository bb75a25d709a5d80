// Reads a stack of layers as the one tree that it shows, a directory at a time, and tells which layer each name is
// seen of. Names and paths are bytes; as strings they are latin1, one character per byte.
import { lstatSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { meaningOf, opaqueMarker, whiteoutPrefix } from "../../graph/index.js";
import { byteOrder, joinPath } from "../tar/index.js";

/** A place in one of the layers. */
export interface StackPart {
  /** The layer's position in the stack, 0 on top. */
  readonly layer: number;
  readonly path: Buffer;
}

/** A name that is seen. */
export interface StackEntry {
  readonly isDirectory: boolean;
  /** Where it lies, topmost first. The first is the one that is seen; only a directory has more. */
  readonly parts: readonly [StackPart, ...StackPart[]];
}

/** The root of a stack of layers, topmost first. */
export function stackRoot(layerDirectories: readonly string[]): StackPart[] {
  return layerDirectories.map((path, layer) => ({ layer, path: Buffer.from(path) }));
}

/**
 * Reads what is seen in a directory that lies in several layers. Whiteouts and opaque markers hide what the layers
 * below have, never what their own layer has.
 * @throws the file system's errors
 */
export async function readStackDirectory(parts: readonly StackPart[]): Promise<Map<string, StackEntry>> {
  const seen = new Map<string, { isDirectory: boolean; open: boolean; parts: [StackPart, ...StackPart[]] }>();
  const hidden = new Set<string>();
  for (const { layer, path } of parts) {
    const names = await readdir(path, { withFileTypes: true, encoding: "latin1" });
    const whiteouts: string[] = [];
    let isOpaque = false;
    for (const entry of names) {
      const meaning = meaningOf(entry.name);
      if (meaning.kind === "opaque") isOpaque = true;
      if (meaning.kind === "whiteout") whiteouts.push(meaning.name);
      if (meaning.kind !== "file" || hidden.has(entry.name)) continue;
      const part = { layer, path: joinPath(path, entry.name) };
      const above = seen.get(entry.name);
      const isDirectory = entry.isDirectory();
      if (above === undefined) seen.set(entry.name, { isDirectory, open: isDirectory, parts: [part] });
      else if (above.open && isDirectory) above.parts.push(part);
      else above.open = false;
    }
    if (isOpaque) break;
    for (const name of whiteouts) {
      hidden.add(name);
      const above = seen.get(name);
      if (above !== undefined) above.open = false;
    }
  }
  return seen;
}

/**
 * True if a path is seen in a stack. Reads no layer below the one that decides it.
 * @param layerDirectories topmost first
 * @param path relative, a latin1 string
 */
export function isSeen(layerDirectories: readonly string[], path: string): boolean {
  return layerOf(layerDirectories, path) !== undefined;
}

/**
 * The layer that a path is seen of: the topmost that has it, whose attributes a directory shows. Undefined if it is
 * not seen.
 */
export function layerOf(layerDirectories: readonly string[], path: string): string | undefined {
  for (const layer of layerDirectories) {
    const { isThere, decides } = lookUp(layer, path);
    if (isThere) return layer;
    if (decides) return undefined;
  }
  return undefined;
}

/**
 * What a layer says of a path: whether it has it, and whether it decides, so that nothing of the layers below is
 * seen.
 */
export function lookUp(
  layer: string,
  path: string,
): { readonly isThere: boolean; readonly decides: boolean } {
  const names = path === "" ? [] : path.split("/");
  let directory: Buffer = Buffer.from(layer);
  let decides = false;
  for (const [at, name] of names.entries()) {
    decides ||= exists(directory, opaqueMarker) || exists(directory, whiteoutPrefix + name);
    const child = joinPath(directory, name);
    const found = lstatSync(child, { throwIfNoEntry: false });
    if (found === undefined) return { isThere: false, decides };
    if (!found.isDirectory()) return { isThere: at === names.length - 1, decides: true };
    directory = child;
  }
  return { isThere: true, decides };
}

function exists(directory: Buffer, name: string): boolean {
  return lstatSync(joinPath(directory, name), { throwIfNoEntry: false }) !== undefined;
}

/** A name that a walk over a stack meets, with its path relative to the root. */
export interface StackPath extends StackEntry {
  readonly path: string;
}

/** Yields all that is seen below the root of a stack, each directory before what lies in it, in the order of bytes. */
export async function* walkStack(
  root: readonly StackPart[],
  below = "",
): AsyncGenerator<StackPath, void, undefined> {
  const entries = [...(await readStackDirectory(root))].sort(([one], [other]) => byteOrder(one, other));
  for (const [name, entry] of entries) {
    const path = below + name;
    yield { ...entry, path };
    if (entry.isDirectory) yield* walkStack(entry.parts, `${path}/`);
  }
}
