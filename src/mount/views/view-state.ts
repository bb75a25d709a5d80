// What is known of views, so that an image is not searched for whiteouts each time it is mounted, and a damaged view
// is not mounted at all.
import { createHash } from "node:crypto";
import { lstatSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { makeDirectory, readPlainFile, rootPath } from "../../disk/index.js";
import type { Graph, Image } from "../../graph/index.js";
import { findInEach } from "../../host/index.js";

/** The content of `views/:built:/<id>`. */
interface ViewState {
  /** A stamp of the layers that it is about: the image's own and all below it. */
  readonly layers: string;
  /** A stamp of the view as it was made; null where the layer needs none. Absent where nobody has asked for a view. */
  readonly view?: string | null;
  /** Whether the layer's root is opaque, so that nothing of the layers below is seen. */
  readonly isBottom?: boolean;
  /** Whether the layer has what a driver would take for its own notes. Absent where nobody has looked. */
  readonly hasNotes?: boolean;
}

/** What is known of an image. */
export interface Knowledge {
  /** Whether it has a view, which is good; else its layer needs none. */
  readonly hasView: boolean;
  readonly isBottom: boolean;
}

/**
 * What is known of an image and each of its ancestors, in the order of the history; undefined of those that have to be
 * read.
 * @param stamps as `stampLayers` gives them
 */
export async function readKnowledge(
  graph: Graph,
  history: readonly Image[],
  stamps: readonly string[],
  signal: AbortSignal | undefined,
): Promise<(Knowledge | undefined)[]> {
  const states = history.map(({ id }, at) => {
    const state = readViewState(graph, id);
    return state?.layers === stamps[at] ? state : undefined;
  });
  const viewed = history.filter((_, at) => typeof states[at]?.view === "string").map(({ id }) => id);
  const found = await stampViews(graph, viewed, signal);
  return history.map(({ id }, at) => {
    const state = states[at];
    if (state === undefined) return undefined;
    const { view, isBottom = false } = state;
    if (view === undefined) return undefined;
    if (view === null) return { hasView: false, isBottom };
    return view === found.get(id) ? { hasView: true, isBottom } : undefined;
  });
}

/** Writes down what was found of an image, or made for it. @param layers its stamp */
export async function noteKnowledge(
  graph: Graph,
  id: string,
  layers: string,
  { hasView, isBottom }: Knowledge,
  signal: AbortSignal | undefined,
): Promise<void> {
  const view = hasView ? ((await stampViews(graph, [id], signal)).get(id) ?? "") : null;
  await addToState(graph, id, { layers, view, isBottom });
}

/** Writes down something of an image, beside what is known of the same layers already. */
export async function addToState(graph: Graph, id: string, added: ViewState): Promise<void> {
  const there = readViewState(graph, id);
  const state = there?.layers === added.layers ? { ...there, ...added } : added;
  makeDirectory(rootPath(graph.root, "viewStates"), 0o700);
  await writeFile(rootPath(graph.root, "viewStates", id), JSON.stringify(state), { mode: 0o600 });
}

/** Forgets what is known of an image. */
export async function forgetKnowledge(graph: Graph, id: string): Promise<void> {
  rmSync(rootPath(graph.root, "viewStates", id), { force: true });
}

/**
 * For each image a stamp of its layer and those below. A layer's root is made once, so its inode and the time of its last
 * change differ from those of another layer of the same id.
 */
export function stampLayers(history: readonly Image[]): string[] {
  let below = "";
  const stamps = history.toReversed().map(({ layerDirectory }) => {
    below = stampLayer(layerDirectory, below);
    return below;
  });
  return stamps.reverse();
}

/** A stamp of one layer on top of others. @param below the stamp of those; `""` for none */
export function stampLayer(layerDirectory: string, below: string): string {
  // Without the number of the device, which differs between hosts and between boots.
  const { ino, ctimeNs } = lstatSync(layerDirectory, { bigint: true });
  return createHash("sha256").update(`${below} ${ino} ${ctimeNs}`).digest("hex");
}

/** What was noted of an image; undefined where nothing is, or nothing that can be read. */
export function readViewState(graph: Graph, id: string): ViewState | undefined {
  try {
    const state: ViewState = JSON.parse(`${readPlainFile(rootPath(graph.root, "viewStates", id))}`);
    const isOfView =
      (state.view === null || typeof state.view === "string") && typeof state.isBottom === "boolean";
    const isOfNotes = state.view === undefined && typeof state.hasNotes === "boolean";
    return typeof state.layers === "string" && (isOfView || isOfNotes) ? state : undefined;
  } catch {
    return undefined;
  }
}

/**
 * A stamp of each view as it is now, of its directories and the times of their last change. Adding or removing a name in a
 * directory, or setting an attribute of it, changes that time, and nobody can set it back.
 */
export async function stampViews(
  graph: Graph,
  ids: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const paths = new Map(ids.map((id) => [rootPath(graph.root, "views", id), id]));
  const roots = [...paths.keys()].filter((path) => lstatSync(path, { throwIfNoEntry: false })?.isDirectory());
  const lines = new Map<string, string[]>(roots.map((root) => [root, []]));
  for await (const [root, line] of findInEach(roots, ["-type", "d"], "%i %C@ %P", signal)) {
    lines.get(root)?.push(line);
  }
  return new Map(
    [...lines].map(([root, directories]) => {
      const hash = createHash("sha256").update(directories.sort().join("\0"), "latin1");
      return [paths.get(root) ?? "", hash.digest("hex")];
    }),
  );
}
