// How an image came about, step by step, as `docker history` shows it: by the history in the config of an imported image,
// by the records of images that were made here.
import { type Graph, type Image, isConfigImage } from "../graph/index.js";
import { type ImageSummary, inBrief, summarize } from "./image-summary.js";

/** A step. One that made no image has neither an id nor what an image has. */
export interface HistoryStep extends Omit<ImageSummary, "id"> {
  /** The image that the step made: the image itself, or that of a layer. */
  readonly id: string | null;
  /** The command that made it. */
  readonly createdBy: string | null;
}

/** What is known of a step before its images are looked at. */
interface PlannedStep {
  /** The image that stands for the step. */
  readonly image: Image | undefined;
  /** The image whose layer the step made. */
  readonly layer: Image | undefined;
  readonly told: Told;
}

/** What a step tells of itself. */
interface Told {
  readonly created: string | null;
  readonly createdBy: string | null;
  readonly comment: string | null;
}

/**
 * Yields the steps that made an image, the last one first.
 * @param history the image and its ancestors, child first
 * @param about the children and names of an image
 */
export async function* readSteps(
  graph: Graph,
  history: readonly Image[],
  about: (id: string) => readonly [children: Parameters<typeof summarize>[2], names: readonly string[]],
  signal?: AbortSignal | undefined,
): AsyncGenerator<HistoryStep, void, undefined> {
  for (const { image, layer, told } of planSteps(history)) {
    const layerBytes = layer === undefined ? 0 : (await graph.layerFacts(layer.id, signal)).layerBytes;
    if (image === undefined) yield { ...nothing, ...told };
    else {
      const summary = await summarize(graph, inBrief(image), ...about(image.id), signal);
      if (summary !== undefined) yield { ...summary, ...told, layerBytes };
    }
  }
}

/** A step as its record or config tells of it, and the layer that it made. */
export interface LayerStep extends Told {
  /** The id of the image that the layer is of; null for a step that made none. */
  readonly layer: string | null;
}

/** The steps that made an image, the last one first, each with its layer. @param history as `readSteps` takes it */
export function layerSteps(history: readonly Image[]): LayerStep[] {
  return planSteps(history).map(({ layer, told }) => ({ layer: layer?.id ?? null, ...told }));
}

/**
 * The command that made the layer of each image, by its id; left out where none is known.
 * @param history the image and its ancestors, child first
 */
export function commandsOf(history: readonly Image[]): ReadonlyMap<string, string> {
  return new Map(
    layerSteps(history).flatMap(({ layer, createdBy }) =>
      layer === null || createdBy === null ? [] : [[layer, createdBy] as const],
    ),
  );
}

const nothing = {
  ...{ id: null, names: [], parent: null, layerBytes: 0 },
  ...{ checksum: null, head: false, children: [] },
} as const;

function planSteps(history: readonly Image[]): PlannedStep[] {
  const at = history.findIndex(({ directory }) => isConfigImage(directory));
  const base = history[at];
  if (base === undefined) return history.map(madeHere);
  return [...history.slice(0, at).map(madeHere), ...imported(base, history.slice(at + 1))];
}

/** The step of an image that was made here. */
function madeHere(image: Image): PlannedStep {
  const { created, comment, container_config } = image.record;
  const command = (container_config as { readonly Cmd?: unknown } | null | undefined)?.Cmd;
  const createdBy = Array.isArray(command) && command.length > 0 ? command.join(" ") : null;
  return { image, layer: image, told: { created: created ?? null, createdBy, comment: comment ?? null } };
}

/** The steps of an imported image. The first stands for the image itself, as in Docker. */
function imported(image: Image, layers: readonly Image[]): PlannedStep[] {
  const told = toldBy(image.record.history).reverse();
  const makesLayer = told.filter(({ isEmpty }) => !isEmpty).length;
  // Some tools write a history that does not fit the layers.
  const steps = told.length > 0 && makesLayer === layers.length ? told : layers.map(() => untold);
  const left = [...layers];
  const planned: PlannedStep[] = steps.map(({ isEmpty, ...step }) => {
    const layer = isEmpty ? undefined : left.shift();
    return { image: layer, layer, told: step };
  });
  const { isEmpty: _, ...nothingTold } = untold;
  const [last = { layer: undefined, told: nothingTold }, ...others] = planned;
  return [{ ...last, image }, ...others];
}

const untold = { created: null, createdBy: null, comment: null, isEmpty: false };

/** The entries of a config's history, as the record keeps them. */
function toldBy(history: unknown): (Told & { readonly isEmpty: boolean })[] {
  if (!Array.isArray(history)) return [];
  return history.map((entry: Readonly<Record<string, unknown>> | null) => ({
    created: textOf(entry?.created),
    createdBy: textOf(entry?.created_by),
    comment: textOf(entry?.comment),
    isEmpty: entry?.empty_layer === true,
  }));
}

function textOf(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
