// How far long work is, in words: what the lines of a terminal and those of a log have in common.

import { formatBytes, formatSeconds } from "./format.js";
import type { Amount, ProgressView } from "./job-tally.js";

/** The whole in one line of any width, as a log gets it. */
export function progressSentence(label: string, view: ProgressView): string {
  const { amount, ratio } = view;
  const percent = formatPercent(ratio);
  const far = amount === undefined ? percent : `${percent} (${formatAmount(amount)})`;
  const parts = [
    `${headline(label, view)} ${far}`,
    formatRate(view.rate, amount?.unit),
    formatLeft(view.left),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

/** What it is: a single job by its label and phase, many by their number. */
export function headline(label: string, { jobs, active }: ProgressView): string {
  if (jobs.total > 1) {
    const failed = jobs.failed === 0 ? "" : `, ${jobs.failed} failed`;
    return `${jobs.done}/${jobs.total} images${failed}`;
  }
  const [only] = active;
  return only === undefined ? label : `${label}: ${only.progress.phase}`;
}

/** `34 %`; 100 only when nothing is missing. */
export function formatPercent(ratio: number): string {
  return `${Math.floor(ratio * 100)} %`;
}

/** `1.4 MiB of 2.0 MiB`; with `~` for a total that is partly a guess. */
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

/** `ETA 4m10s`; nothing if it is not known. */
export function formatLeft(seconds: number | undefined): string {
  return seconds === undefined ? "" : `ETA ${formatSeconds(seconds)}`;
}
