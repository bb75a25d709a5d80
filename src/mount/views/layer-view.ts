// Views: a layer with whiteouts once more, in the form that overlayfs reads. Its files are hard links to the layer's.
//
// What must be deleted depends on the layers below. Overlayfs shows a whiteout device as a broken name wherever its
// directory is not merged with one below, so a view has a device only for a name that is seen there. An image's
// ancestors never change, so it needs but one view.
import { lstatSync, readdirSync } from "node:fs";
import { rename, unlink } from "node:fs/promises";
import {
  createYielder,
  ioError,
  makeDirectory,
  removeTree,
  rootPath,
  stagingPath,
  withLock,
} from "../../disk/index.js";
import type { Graph, Image } from "../../graph/index.js";
import { imageNotFound, opaqueMarker } from "../../graph/index.js";
import { findInEach, run, tools } from "../../host/index.js";
import { baseName, childPath, joinPath } from "../../layer/index.js";
import { isErrno, throwIfAborted } from "../../terms/index.js";
import { setViewAside } from "../set-aside.js";
import { mayHaveNotes } from "./plain-layer.js";
import {
  applyViewArchive,
  assertViewKept,
  makeViewArchive,
  readPromised,
  type ViewArchive,
} from "./view-archive.js";
import {
  addToState,
  forgetKnowledge,
  type Knowledge,
  noteStack,
  readKnowledge,
  readStack,
  readViewState,
  stampLayers,
  stampView,
  stampViews,
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
  const knowledge =
    (await readStack(graph, history, stampLayers(history), signal)) ??
    (await locked(graph, () => makeReady(graph, history, signal), signal));
  const bottom = knowledge.findIndex(({ isBottom }) => isBottom);
  const lowers = history.map(({ id, layerDirectory }, at) =>
    typeof knowledge[at]?.view === "string" ? rootPath(graph.root, "views", id) : layerDirectory,
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
): Promise<Knowledge[]> {
  // Another may have made it while we waited.
  const stamps = stampLayers(history);
  const known = await readKnowledge(graph, history, stamps, signal);
  const contents = await findContents(
    history.filter((_, at) => known[at] === undefined),
    signal,
  );
  const knowledge: Knowledge[] = [];
  for (const [at, image] of history.entries()) knowledge.push(known[at] ?? (await makeKnown(at, image)));
  await noteStack(graph, history, stamps, knowledge);
  return knowledge;

  async function makeKnown(at: number, image: Image): Promise<Knowledge> {
    throwIfAborted(signal);
    const { id, layerDirectory } = image;
    if (!(await graph.exists(id))) throw imageNotFound(id);
    const content = contents.get(layerDirectory) ?? { markers: [], directories: [] };
    // A damaged view may be mounted.
    await setViewAside(graph, id, rootPath(graph.root, "views", id));
    let view: string | null = null;
    if (content.markers.length > 0) {
      await buildView(graph, image, history.slice(at + 1), content, signal);
      view = await stampNewView(graph, id, content.directories, signal);
    }
    const made = { view, isBottom: content.markers.includes(opaqueMarker) };
    await addToState(graph, id, { layers: stamps[at] ?? "", ...made });
    return made;
  }
}

/** What a view is made of: relative latin1 strings. */
interface LayerContent {
  /** The names that overlayfs must not show. */
  readonly markers: string[];
  /** All directories besides, with `""` for the layer itself. */
  readonly directories: string[];
}

/** What the layers have, by layer. */
async function findContents(
  images: readonly Image[],
  signal: AbortSignal | undefined,
): Promise<Map<string, LayerContent>> {
  const contents = new Map<string, LayerContent>();
  const turn = createYielder();
  const large: string[] = [];
  for (const { layerDirectory } of images) {
    await turn();
    const content = contentOfSmall(layerDirectory);
    if (content === undefined) large.push(layerDirectory);
    else contents.set(layerDirectory, content);
  }
  const tests = ["(", "-name", marked, "-prune", "-o", "-type", "d", ")"];
  for await (const [layer, path] of findInEach(large, tests, "%P", signal)) {
    const content = contents.get(layer) ?? { markers: [], directories: [] };
    contents.set(layer, content);
    content[isMarker(baseName(path)) ? "markers" : "directories"].push(path);
  }
  return contents;
}

/** The names of AUFS, as find takes them. */
const marked = ".wh.*";

function isMarker(name: string): boolean {
  return name.startsWith(".wh.");
}

/** How many entries are looked at here, which takes less than a process. More are left to find. */
const fewEntries = 200;

/** The content of a layer of few entries; undefined if it has more. */
function contentOfSmall(layer: string): LayerContent | undefined {
  const content: LayerContent = { markers: [], directories: [""] };
  let count = 0;
  for (const directory of content.directories) {
    const path = joinPath(Buffer.from(layer), directory);
    const entries = readdirSync(path, { withFileTypes: true, encoding: "buffer" });
    count += entries.length;
    if (count > fewEntries) return undefined;
    for (const entry of entries) {
      const name = entry.name.toString("latin1");
      const kind = isMarker(name) ? "markers" : entry.isDirectory() ? "directories" : undefined;
      if (kind !== undefined) content[kind].push(childPath(directory, name));
    }
  }
  return content;
}

/** How many directories are looked at here. More are left to find. */
const fewDirectories = 1_000;

async function stampNewView(
  graph: Graph,
  id: string,
  directories: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  if (directories.length <= fewDirectories) return stampView(graph, id, directories);
  return (await stampViews(graph, [id], signal)).get(id) ?? "";
}

/** Builds a view in staging and puts it in its place, where nothing is. */
async function buildView(
  graph: Graph,
  { id, layerDirectory }: Image,
  ancestors: readonly Image[],
  { markers, directories }: LayerContent,
  signal: AbortSignal | undefined,
): Promise<void> {
  const stage = await stagingPath(graph);
  try {
    const below = ancestors.map((ancestor) => ancestor.layerDirectory);
    const copying = ["--archive", "--link", "--no-target-directory", "--", layerDirectory, stage];
    const copied = run(tools.cp, copying, { signal });
    copied.catch(() => undefined);
    let archive: ViewArchive;
    let promised: Map<string, string[]>;
    try {
      archive = await makeViewArchive(layerDirectory, below, markers);
      promised = await readPromised(layerDirectory, directories, signal);
    } finally {
      await copied;
    }
    await assertViewKept(promised, stage, signal);
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
  await run(tools.find, [view, "-name", marked, "-prune", ...removing], { signal });
}
