// What a soak prints: a line per sample, and at its end what became of the jobs and of each series.

import { allSeries, type Sample } from "./series.js";
import type { SoakResult } from "./soak.js";
import { warmUp } from "./trend.js";

/** A sample as a line. */
export function sampleLine(jobs: number, perSecond: number, sample: Sample): string {
  const values = allSeries.map(({ name, format }) => `${name} ${format(sample[name])}`);
  return `${String(jobs).padStart(6)} jobs  ${perSecond.toFixed(1)}/s  ${values.join("  ")}`;
}

/** True if every job ended as it had to and every series is flat. */
export function isGood({ tally, recording }: SoakResult): boolean {
  return tally.problems.length === 0 && recording.verdicts().every(({ isFlat }) => isFlat);
}

/** The closing lines, the last of which says it all. */
export function closingLines(result: SoakResult): string[] {
  const { tally, recording, durationMs, checked } = result;
  const verdicts = recording.verdicts();
  const isFlat = verdicts.every((verdict) => verdict.isFlat);
  const endings = [...tally.endings].sort(([a], [b]) => (a < b ? -1 : 1));
  const rows = verdicts.map(
    ({ series: { name, format, bound }, points, trend, allowed, highest, ...verdict }) => [
      ...[name, format(trend?.first ?? points[0]?.value ?? Number.NaN)],
      ...[format(trend?.last ?? points.at(-1)?.value ?? Number.NaN), format(highest)],
      trend === undefined ? "-" : signed(trend.slope * 10_000, format),
      trend === undefined ? "-" : signed(trend.growth, format),
      bound.ceiling === undefined
        ? allowed === undefined
          ? "-"
          : `+${format(allowed)}`
        : `never > ${bound.ceiling}`,
      verdict.isFlat
        ? trend === undefined && bound.ceiling === undefined
          ? "too short"
          : "flat"
        : "NOT FLAT",
    ],
  );
  const seconds = durationMs / 1_000;
  return [
    ...table([
      ["job", "ended", "times"],
      ...endings.map(([kind, times]) => [...kind.split(" "), String(times)]),
    ]),
    "",
    `first, last and slope are of medians, after the first ${warmUp * 100} % of the jobs`,
    ...table([
      ["series", "first", "last", "highest", "per 10,000 jobs", "growth", "bound", "verdict"],
      ...rows,
    ]),
    "",
    ...tally.problems.map((problem) => `WRONG: ${problem}`),
    `${recording.samples.length} samples in ${seconds.toFixed(0)} s at ${(tally.count / seconds).toFixed(1)} jobs/s; ` +
      `${tally.joined} joined another; ${checked} checksums recomputed by the line of shell`,
    `${tally.count} jobs, ${tally.completed} completed and ${tally.failed} failed as expected, ` +
      `${wrongCount(tally)}${tally.lost} lost, ${isFlat ? "flat" : "not flat"}`,
  ];
}

function wrongCount({ problems, lost }: SoakResult["tally"]): string {
  return problems.length > lost ? `${problems.length - lost} wrong, ` : "";
}

function signed(value: number, format: (value: number) => string): string {
  return `${value < 0 ? "" : "+"}${format(value)}`;
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]?.map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0))) ?? [];
  return rows.map((row) =>
    row
      .map((cell, n) => cell.padEnd(widths[n] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
