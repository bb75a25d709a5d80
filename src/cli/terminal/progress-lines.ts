// Draws progress as lines of a terminal: all jobs together, and below them each active job, or of a single one its layers.

import { shortId } from "../../terms/index.js";
import { arrange } from "./bar-line.js";
import { columnsOf, cut, pad } from "./columns.js";
import { formatText } from "./format.js";
import type { ActiveJob, ProgressView } from "./job-tally.js";
import { layerLines } from "./layer-lines.js";
import type { Size } from "./live-display.js";
import { figuresOf } from "./progress-figures.js";
import {
  formatAmount,
  formatCompression,
  formatImages,
  formatLeft,
  formatPercent,
  formatRate,
  headline,
} from "./progress-text.js";

const widestLabel = 24;

/**
 * Draws at most `rows` lines, none wider than `columns`. On a narrow terminal the least important parts are left out.
 * @param label of a single job
 */
export function progressLines(label: string, view: ProgressView, { columns, rows }: Size): string[] {
  const { amount, ratio } = view;
  const whole = arrange(
    [
      { text: formatText(headline(label, view)), rank: 0 },
      { text: formatPercent(ratio), rank: 1 },
      { text: amount === undefined ? "" : formatAmount(amount), rank: 4 },
      { text: formatRate(view.rate, amount?.unit), rank: 3 },
      { text: formatCompression(view.compression), rank: 5 },
      { text: formatLeft(view.left), rank: 2 },
    ],
    ratio,
    columns,
  );
  const below = { columns, rows: rows - 1 };
  return view.images === undefined
    ? [whole, ...layerLines(view.layers ?? [], below)]
    : [whole, ...activeLines(view.active, below)];
}

/** One line per job: bar, short id, phase (of a batch its images), percent, speed, in columns. The last tells how many more there are. */
export function activeLines(active: readonly ActiveJob[], { columns, rows }: Size): string[] {
  if (rows < 1) return [];
  const shown = active.length > rows ? active.slice(0, rows - 1) : active;
  const cells = shown.map(({ label, progress, rate: measured }) => {
    const { images, amount, ratio, rate, left } = figuresOf(progress, { rate: measured });
    return {
      ratio,
      label: shortLabel(label),
      phase: images === undefined ? formatText(progress.phase) : formatImages(images),
      rate: formatRate(rate, amount.unit),
      left: formatLeft(left),
    };
  });
  const widest = (name: "label" | "phase" | "rate") =>
    Math.max(0, ...cells.map((cell) => columnsOf(cell[name])));
  const [label, phase, rate] = [widest("label"), widest("phase"), widest("rate")];
  const lines = cells.map((cell) =>
    arrange(
      [
        { text: pad(cell.label, label), rank: 0 },
        { text: pad(cell.phase, phase), rank: 3 },
        { text: pad(formatPercent(cell.ratio), "100 %".length, "right"), rank: 1 },
        { text: pad(cell.rate, rate, "right"), rank: 2 },
        { text: cell.left, rank: 4 },
      ],
      cell.ratio,
      columns,
    ),
  );
  const more = active.length - shown.length;
  return more > 0 ? [...lines, cut(`and ${more} more`, columns)] : lines;
}

/** A generated id is shortened; a name is shown whole, as far as there is room for it. */
function shortLabel(label: string): string {
  return /^[0-9a-f]+$/.test(label) ? shortId(label) : cut(formatText(label), widestLabel);
}
