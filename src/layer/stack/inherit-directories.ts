// Directories that a layer's archive only implies, where the layers below have them: umoci's `insert`, for one, names no
// directory but its target. Overlayfs shows the attributes of the topmost.
import { lstatSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../terms/index.js";
import { joinPath } from "../tar/index.js";
import { copyEntries } from "./flatten.js";
import { layerOf, lookUp } from "./layer-stack.js";

/** How many are looked up in the layers below before others have their turn. */
const lookedUpAtOnce = 64;

/**
 * Gives directories of a layer, which no entry named, what the layers below have for them: a layer that says nothing of
 * a directory does not change it, and what is in the layer is what is seen of it. Those that no layer below has, or that
 * the layer deletes first, stay as they are.
 *
 * @param paths latin1 strings relative to `layer`, `""` for its root; none may lead through a symlink
 * @param below the directories of the layers below, topmost first
 * @throws `INTERNAL`, `NO_SPACE`, `TOOL_MISSING`, `CANCELLED`
 */
export async function inheritDirectories(
  layer: string,
  paths: readonly string[],
  below: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<void> {
  const ofLayer = new Map<string, string[]>();
  for (const [at, path] of paths.entries()) {
    // Looked up without waiting for each: others must have their turn.
    if (at % lookedUpAtOnce === 0) await setImmediate();
    throwIfAborted(signal);
    if (lookUp(layer, path).decides) continue;
    const from = layerOf(below, path);
    if (from === undefined || !isDirectory(from, path)) continue;
    const known = ofLayer.get(from);
    if (known === undefined) ofLayer.set(from, [path]);
    else known.push(path);
  }
  for (const [from, some] of ofLayer) await copyEntries(from, layer, some, signal);
}

function isDirectory(layer: string, path: string): boolean {
  return lstatSync(joinPath(Buffer.from(layer), path)).isDirectory();
}
