// The charts of the overview, drawn from the samples of the last hour.
import { useMemo } from "preact/hooks";
import type { LastHour } from "../../api-types.js";
import { formatCount, formatRate, formatSize } from "../../format.js";
import { Chart, type Series } from "../../parts/index.js";

export function OverviewCharts({ hour }: { hour: LastHour }) {
  const { at, rates, bytes, waiting, disk } = useMemo(() => seriesOf(hour), [hour]);
  if (at.length < 2) return <p class="muted">The charts begin with the first minute of samples.</p>;
  return (
    <section class="charts" aria-label="The last hour">
      <Chart title="Jobs per second" at={at} series={rates} format={formatFew} />
      <Chart title="Compressed" at={at} series={bytes} format={formatRate} isBinary />
      <Chart title="Jobs waiting" at={at} series={waiting} format={formatWhole} />
      <Chart title="Disk free" at={at} series={disk} format={formatSize} isBinary />
    </section>
  );
}

function formatFew(value: number): string {
  return value === 0 || value >= 10 ? value.toFixed(0) : value.toFixed(1);
}

function formatWhole(value: number): string {
  return Number.isInteger(value) ? formatCount(value) : "";
}

function seriesOf({ interval, samples }: LastHour) {
  const { at, places } = withGaps(samples.at, interval);
  const spread = (values: readonly (number | null)[], per = 1) =>
    places.map((place) => {
      const value = place === undefined ? null : (values[place] ?? null);
      return value === null ? null : value / per;
    });
  const seconds = interval / 1_000;
  const one = (name: string, values: readonly (number | null)[], per = 1): Series => ({
    name,
    values: spread(values, per),
  });
  // Of the queues, of which each host has two more, those in which something waited.
  const all = Object.entries(samples.queues);
  const used = all.filter(([, { waiting }]) => waiting.some((count) => count !== null && count > 0));
  const queues = used.length > 0 ? used : all;
  return {
    at,
    rates: [
      one("done", samples.completed, seconds),
      one("failed", samples.failed, seconds),
      // A line of its own once there was one.
      ...(samples.cancelled.some((count) => count > 0) ? [one("cancelled", samples.cancelled, seconds)] : []),
    ],
    bytes: [one("layers", samples.compressedBytes, seconds)],
    waiting: queues.slice(0, 5).map(([name, { waiting }]) => one(name, waiting)),
    disk: [one("free", samples.diskFree)],
  };
}

/** The times with one more in each gap, where no server sampled: no line is drawn across it. */
function withGaps(times: readonly number[], interval: number) {
  const at: number[] = [];
  /** Where the values of each time stand; undefined for one in a gap. */
  const places: (number | undefined)[] = [];
  for (const [place, time] of times.entries()) {
    const last = at.at(-1);
    if (last !== undefined && time - last > 1.5 * interval) {
      at.push(last + interval);
      places.push(undefined);
    }
    at.push(time);
    places.push(place);
  }
  return { at, places };
}
