// Progress in words, for the lines of a terminal and of a log.
import type { Progress } from "../../jobs/index.js";
import { formatBytes, formatSeconds } from "./format.js";
import type { ProgressView } from "./job-tally.js";
import { type Amount, figuresOf } from "./progress-figures.js";

/** The whole progress as one line for a log. */
export function progressSentence(label: string, view: ProgressView): string {
  const { amount, ratio } = view;
  const percent = formatPercent(ratio);
  const far = amount === undefined ? percent : `${percent} (${formatAmount(amount)})`;
  const parts = [
    `${headline(label, view)} ${far}`,
    formatRate(view.rate, amount?.unit),
    formatCompression(view.compression),
    formatLeft(view.left),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** The beginning of a line: label and phase of a single job, or the images of many jobs or a batch. */
export function headline(label: string, { images, active }: ProgressView): string {
  if (images !== undefined) {
    const failed = images.failed === 0 ? "" : `, ${images.failed} failed`;
    return formatImages(images) + failed;
  }
  const [only] = active;
  return only === undefined ? label : `${label}: ${only.progress.phase}`;
}

/** `3/12 images`. */
export function formatImages({ done, total }: { readonly done: number; readonly total: number }): string {
  return `${done}/${total} images`;
}

/** `34 %`; rounded down, so that 100 % is the end. */
export function formatPercent(ratio: number): string {
  return `${Math.floor(ratio * 100)} %`;
}

/** `1.4 MiB of 2.0 MiB`; with `~` for a total that is partly estimated. */
export function formatAmount({ done, total, unit, estimated }: Amount): string {
  const about = estimated ? "~" : "";
  if (unit === "bytes") return `${formatBytes(done)} of ${about}${formatBytes(total)}`;
  return `${done} of ${about}${total} ${unit}`;
}

/** `1.4 MiB/s`; nothing if it is not known or not in bytes. */
export function formatRate(perSecond: number | undefined, unit: Amount["unit"] | undefined): string {
  if (perSecond === undefined || unit !== "bytes") return "";
  return `${formatBytes(Math.round(perSecond))}/s`;
}

/** `ratio 0.34`: archive bytes per layer byte; nothing if it is not known. */
export function formatCompression(compression: number | undefined): string {
  return compression === undefined ? "" : `ratio ${compression.toFixed(2)}`;
}

/** `ETA 4m10s`; nothing if it is not known. */
export function formatLeft(seconds: number | undefined): string {
  return seconds === undefined ? "" : `ETA ${formatSeconds(seconds)}`;
}

/** A job's progress in parts, of which any but the first may be empty. */
export function describeProgress(progress: Progress): string[] {
  const { images, amount, rate, left } = figuresOf(progress, { rate: undefined });
  const what = images === undefined ? progress.phase : formatImages(images);
  return [`${what} ${formatAmount(amount)}`, formatRate(rate, amount.unit), formatLeft(left)];
}
