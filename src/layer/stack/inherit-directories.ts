// Gives directories that a layer's archive only implies the attributes that they have in the layers below. Overlayfs
// shows the attributes of the topmost layer; and umoci's `insert`, for example, names no directory but its target.
import { lstatSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../../terms/index.js";
import { joinPath } from "../tar/index.js";
import { copyEntries } from "./flatten.js";
import { layerOf, lookUp } from "./layer-stack.js";

/** How many directories are looked up before other work has its turn. */
const lookedUpAtOnce = 64;

/**
 * Gives directories that no entry named the attributes that they have in the layers below: a layer that says nothing
 * of a directory must not change it. Directories that no layer below has, or that the layer itself deletes first,
 * stay as they are.
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
    // The look-ups are synchronous, so other work is given a turn between them.
    if (at % lookedUpAtOnce === 0) await setImmediate();
    throwIfAborted(signal);
    if (lookUp(layer, path).decides) continue;
    const from = layerOf(below, path);
    if (from === undefined || !isDirectory(from, path)) continue;
    const known = ofLayer.get(from);
    if (known === undefined) ofLayer.set(from, [path]);
    else known.push(path);
  }
  for (const [from, some] of ofLayer) await copyEntries(from, layer, some, {}, signal);
}

function isDirectory(layer: string, path: string): boolean {
  return lstatSync(joinPath(Buffer.from(layer), path)).isDirectory();
}
