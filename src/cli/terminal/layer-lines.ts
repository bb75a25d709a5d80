// The layers of an image that is pulled or pushed, a line each: on a terminal redrawn, elsewhere one when a layer is done.
import type { Progress } from "../../jobs/index.js";
import { formatBytes, shortId } from "../../terms/index.js";
import { arrange } from "./bar-line.js";
import { columnsOf, cut, pad } from "./columns.js";
import type { Size } from "./live-display.js";
import { ratioOf } from "./progress-figures.js";
import { formatPercent } from "./progress-text.js";

type Layer = NonNullable<Progress["layers"]>[number];

/** One line per layer, as far as there is room: those that are not done before others. The last tells how many more there are. */
export function layerLines(layers: readonly Layer[], { columns, rows }: Size): string[] {
  if (rows < 1 || layers.length === 0) return [];
  const shown = layers.length > rows ? mostTelling(layers, rows - 1) : layers;
  const cells = shown.map((layer) => ({
    ratio: hasEnded(layer) ? 1 : ratioOf(layer.done, layer.total),
    name: nameOf(layer),
    state: layer.state,
    amount: hasEnded(layer)
      ? formatBytes(layer.total)
      : `${formatBytes(layer.done)} of ${formatBytes(layer.total)}`,
  }));
  const widest = Math.max(0, ...cells.map(({ state }) => columnsOf(state)));
  const lines = cells.map(({ ratio, name, state, amount }) =>
    arrange(
      [
        { text: name, rank: 0 },
        { text: pad(state, widest), rank: 1 },
        { text: pad(formatPercent(ratio), "100 %".length, "right"), rank: 2 },
        { text: amount, rank: 3 },
      ],
      ratio,
      columns,
    ),
  );
  const more = layers.length - shown.length;
  return more > 0 ? [...lines, cut(`and ${more} more`, columns)] : lines;
}

/** Tells of each layer once, when it is done, was there, or was mounted. */
export function openLayerLog(): (layers: readonly Layer[]) => string[] {
  const told = new Set<string>();
  return (layers) => {
    const ended = layers.filter((layer) => hasEnded(layer) && !told.has(layer.digest));
    for (const { digest } of ended) told.add(digest);
    return ended.map((layer) => `layer ${nameOf(layer)} ${layer.state} (${formatBytes(layer.total)})`);
  };
}

/** In their order. */
function mostTelling(layers: readonly Layer[], most: number): Layer[] {
  const chosen = new Set(
    [...layers.filter((layer) => !hasEnded(layer)), ...layers.filter(hasEnded)].slice(0, most),
  );
  return layers.filter((layer) => chosen.has(layer));
}

function nameOf({ digest }: Layer): string {
  return shortId(digest.replace(/^sha256:/, ""));
}

function hasEnded({ state }: Layer): boolean {
  return state === "done" || state === "present" || state === "mounted";
}
