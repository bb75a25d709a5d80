// Views: a layer with whiteouts once more, in the form that overlayfs reads. Its files are hard links to the layer's.
//
// What must be deleted depends on the layers below. Overlayfs shows a whiteout device as a broken name wherever its
// directory is not merged with one below, so a view has a device only for a name that is seen there. An image's
// ancestors never change, so it needs but one view.
import { lstatSync } from "node:fs";
import { rename, unlink } from "node:fs/promises";
import { ioError, makeDirectory, removeTree, rootPath, stagingPath, withLock } from "../../disk/index.js";
import type { Graph, Image } from "../../graph/index.js";
import { imageNotFound, opaqueMarker } from "../../graph/index.js";
import { findInEach, run, tools } from "../../host/index.js";
import { joinPath } from "../../layer/index.js";
import { isErrno, throwIfAborted } from "../../terms/index.js";
import { setViewAside } from "../set-aside.js";
import { mayHaveNotes } from "./plain-layer.js";
import { applyViewArchive, assertViewKept, makeViewArchive } from "./view-archive.js";
import {
  addToState,
  forgetKnowledge,
  type Knowledge,
  noteKnowledge,
  readKnowledge,
  readViewState,
  stampLayers,
} from "./view-state.js";

/**
 * The directories to mount for an image and its ancestors, in the same order: each layer itself, or its view. Views
 * that are missing or damaged are built. Overlayfs ignores that a root is opaque, so the layers below such a root are left out.
 * @param history the images of the stack, topmost first
 * @throws `IMAGE_NOT_FOUND` for one that is deleted meanwhile; `INTERNAL`, `NO_SPACE`, `NEEDS_ROOT`, `TOOL_MISSING`,
 * `CANCELLED`
 */
export async function prepareViews(
  graph: Graph,
  history: readonly Image[],
  signal?: AbortSignal | undefined,
): Promise<string[]> {
  let knowledge = await readKnowledge(graph, history, stampLayers(history), signal);
  if (knowledge.includes(undefined)) {
    knowledge = await locked(graph, () => makeReady(graph, history, signal), signal);
  }
  const bottom = knowledge.findIndex((known) => known?.isBottom);
  const lowers = history.map(({ id, layerDirectory }, at) =>
    knowledge[at]?.hasView ? rootPath(graph.root, "views", id) : layerDirectory,
  );
  return bottom === -1 ? lowers : lowers.slice(0, bottom + 1);
}

/**
 * Takes an image's view away; there may be none.
 * @param destination where to leave it, for those who still have it mounted; by default it is removed
 */
export async function takeOutView(graph: Graph, id: string, destination?: string | undefined): Promise<void> {
  await locked(graph, () => takeOut(graph, id, destination));
}

/** Removes the views of images; there may be none. */
export async function removeViews(graph: Graph, ids: Iterable<string>): Promise<void> {
  await locked(graph, async () => {
    for (const id of ids) await takeOut(graph, id, undefined);
  });
}

async function takeOut(graph: Graph, id: string, destination: string | undefined): Promise<void> {
  await forgetKnowledge(graph, id);
  // Most images have none. Synchronously: garbage comes by the thousand.
  if (lstatSync(rootPath(graph.root, "views", id), { throwIfNoEntry: false }) === undefined) return;
  const path = destination ?? (await stagingPath(graph));
  try {
    await rename(rootPath(graph.root, "views", id), path);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return;
    throw ioError(error, `the view of image ${id} cannot be taken away`);
  }
  if (destination === undefined) await removeTree(path);
}

/**
 * Tells which layers have something that a driver would take for its own notes. What is found is written down.
 * @param history as the graph gives it
 * @param count how many of its layers are asked for, the topmost first
 * @throws `INTERNAL`, `TOOL_MISSING`, `CANCELLED`
 */
export async function findNotes(
  graph: Graph,
  history: readonly Image[],
  count: number,
  signal?: AbortSignal | undefined,
): Promise<boolean[]> {
  const found: boolean[] = [];
  for (const [at, layers] of stampLayers(history).slice(0, count).entries()) {
    const { id, layerDirectory } = history[at] as Image;
    const state = readViewState(graph, id);
    let hasNotes = state?.layers === layers ? state.hasNotes : undefined;
    if (hasNotes === undefined) {
      hasNotes = await mayHaveNotes(layerDirectory, signal);
      const added = { layers, hasNotes };
      await locked(graph, () => addToState(graph, id, added), signal);
    }
    found.push(hasNotes);
  }
  return found;
}

/** One builds at a time, so that nobody puts a view in the place of one that has just been made. */
async function locked<T>(graph: Graph, work: () => Promise<T>, signal?: AbortSignal | undefined): Promise<T> {
  const directory = rootPath(graph.root, "viewStates");
  makeDirectory(directory, 0o700);
  return withLock(directory, work, signal);
}

async function makeReady(
  graph: Graph,
  history: readonly Image[],
  signal: AbortSignal | undefined,
): Promise<(Knowledge | undefined)[]> {
  // Another may have made it while we waited.
  const stamps = stampLayers(history);
  const knowledge = await readKnowledge(graph, history, stamps, signal);
  const unknown = history.filter((_, at) => knowledge[at] === undefined);
  const markers = await findMarkers(unknown, signal);
  for (const [at, image] of history.entries()) {
    if (knowledge[at] !== undefined) continue;
    throwIfAborted(signal);
    if (!(await graph.exists(image.id))) throw imageNotFound(image.id);
    const own = markers.get(image.layerDirectory) ?? [];
    const made: Knowledge = { hasView: own.length > 0, isBottom: own.includes(opaqueMarker) };
    // A damaged view may be mounted.
    await setViewAside(graph, image.id, rootPath(graph.root, "views", image.id));
    if (made.hasView) await buildView(graph, image, history.slice(at + 1), own, signal);
    await noteKnowledge(graph, image.id, stamps[at] ?? "", made, signal);
    knowledge[at] = made;
  }
  return knowledge;
}

/** The names in layers that overlayfs must not show: by layer, relative, as latin1 strings. */
async function findMarkers(
  images: readonly Image[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string[]>> {
  const markers = new Map<string, string[]>();
  const directories = images.map(({ layerDirectory }) => layerDirectory);
  for await (const [directory, path] of findInEach(directories, ["-name", ".wh.*", "-prune"], "%P", signal)) {
    const ofLayer = markers.get(directory);
    if (ofLayer === undefined) markers.set(directory, [path]);
    else ofLayer.push(path);
  }
  return markers;
}

/** Builds a view in staging and puts it in its place, where nothing is. */
async function buildView(
  graph: Graph,
  { id, layerDirectory }: Image,
  ancestors: readonly Image[],
  markers: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const stage = await stagingPath(graph);
  try {
    const below = ancestors.map((ancestor) => ancestor.layerDirectory);
    const archive = await makeViewArchive(layerDirectory, below, markers);
    const copying = ["--archive", "--link", "--no-target-directory", "--", layerDirectory, stage];
    await run(tools.cp, copying, { signal });
    await assertViewKept(layerDirectory, stage, signal);
    await removeMarkers(stage, markers, signal);
    await applyViewArchive(archive, stage, signal);
    await rename(stage, rootPath(graph.root, "views", id));
  } catch (error) {
    await removeTree(stage).catch(() => undefined);
    throw ioError(error, `the view of image ${id} cannot be built`);
  }
}

async function removeMarkers(
  view: string,
  markers: readonly string[],
  signal: AbortSignal | undefined,
): Promise<void> {
  let areFiles = true;
  for (const path of markers) {
    await unlink(joinPath(Buffer.from(view), path)).catch((error: unknown) => {
      if (!isErrno(error, "EISDIR", "EPERM")) throw error;
      areFiles = false;
    });
  }
  if (areFiles) return;
  // Directories of AUFS. Not by Node, which cannot remove trees with names that are not UTF-8.
  const removing = ["-exec", "rm", "-rf", "--one-file-system", "--", "{}", "+"];
  await run(tools.find, [view, "-name", ".wh.*", "-prune", ...removing], { signal });
}
