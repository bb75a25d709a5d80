// What is known of views, so that an image is not searched for whiteouts each time it is mounted, and a damaged view
// is not mounted at all.
import { createHash } from "node:crypto";
import { lstatSync, rmSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { makeDirectory, readPlainFile, rootPath } from "../../disk/index.js";
import type { Graph, Image } from "../../graph/index.js";
import { findInEach } from "../../host/index.js";
import { joinPath } from "../../layer/index.js";

/** The content of `views/:built:/<id>`. */
interface ViewState {
  /** A stamp of the layers that it is about: the image's own and all below it. */
  readonly layers: string;
  /** A stamp of the view as it was made; null where the layer needs none. Absent where nobody has asked for a view. */
  readonly view?: string | null;
  /** Whether the layer's root is opaque, so that nothing of the layers below is seen. */
  readonly isBottom?: boolean;
  /** What is known of the image and all its ancestors together. Absent where it has not been mounted itself. */
  readonly stack?: StackState;
  /** Whether the layer has what a driver would take for its own notes. Absent where nobody has looked. */
  readonly hasNotes?: boolean;
}

/** A stack, whose layers are counted from the topmost. */
interface StackState {
  /** Which layers have views, with the views' stamps. */
  readonly views: readonly (readonly [at: number, stamp: string])[];
  /** The layer below which nothing is seen; -1 if none hides the others. */
  readonly bottom: number;
}

/** What is known of an image. */
export interface Knowledge {
  /** The stamp of its view, which is good; null if its layer needs none. */
  readonly view: string | null;
  readonly isBottom: boolean;
}

/**
 * What is known of an image and its ancestors together, in the order of the history, from the one note of the image itself;
 * undefined if that is missing, or a view has changed.
 * @param stamps as `stampLayers` gives them
 */
export async function readStack(
  graph: Graph,
  history: readonly Image[],
  stamps: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Knowledge[] | undefined> {
  const state = readViewState(graph, history[0]?.id ?? "");
  if (state?.stack === undefined || state.layers !== stamps[0]) return undefined;
  const { bottom } = state.stack;
  const views = new Map(state.stack.views);
  const idOf = (at: number) => history[at]?.id ?? "";
  const found = await stampViews(graph, [...views.keys()].map(idOf), signal);
  if (![...views].every(([at, stamp]) => found.get(idOf(at)) === stamp)) return undefined;
  return history.map((_, at) => ({ view: views.get(at) ?? null, isBottom: at === bottom }));
}

/** Writes down what is known of an image and its ancestors together. */
export async function noteStack(
  graph: Graph,
  history: readonly Image[],
  stamps: readonly string[],
  knowledge: readonly Knowledge[],
): Promise<void> {
  const views = knowledge.flatMap(({ view }, at) => (view === null ? [] : [[at, view] as const]));
  const stack = { views, bottom: knowledge.findIndex(({ isBottom }) => isBottom) };
  await addToState(graph, history[0]?.id ?? "", { layers: stamps[0] ?? "", stack });
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
    return view === null || view === found.get(id) ? { view, isBottom } : undefined;
  });
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
    const isWhole = typeof state.layers === "string" && (isOfView || isOfNotes);
    return isWhole && (state.stack === undefined || isStack(state.stack)) ? state : undefined;
  } catch {
    return undefined;
  }
}

function isStack({ views, bottom }: StackState): boolean {
  const areViews = views.every(([at, stamp]) => typeof at === "number" && typeof stamp === "string");
  return areViews && typeof bottom === "number";
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
    [...lines].map(([root, directories]) => [paths.get(root) ?? "", stampOf(directories)] as const),
  );
}

/**
 * The same stamp of one view.
 * @param directories all that it has, relative latin1 strings
 */
export function stampView(graph: Graph, id: string, directories: readonly string[]): string {
  const view = Buffer.from(rootPath(graph.root, "views", id));
  return stampOf(
    directories.map((path) => {
      const { ino, ctimeNs } = lstatSync(joinPath(view, path), { bigint: true });
      // As find writes `%C@`, with one digit more than there are nanoseconds.
      const [seconds, rest] = [ctimeNs / 1_000_000_000n, ctimeNs % 1_000_000_000n];
      return `${ino} ${seconds}.${`${rest}`.padStart(9, "0")}0 ${path}`;
    }),
  );
}

function stampOf(directories: string[]): string {
  return createHash("sha256").update(directories.sort().join("\0"), "latin1").digest("hex");
}
