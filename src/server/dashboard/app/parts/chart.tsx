// A chart of series over time, drawn by uPlot; a table of its last values stands beside it for those who cannot see it.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { theme } from "../theme.js";

export interface Series {
  readonly name: string;
  /** null where nothing is known. */
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  /** What it shows; its name for those who cannot see it. */
  readonly title: string;
  /** In ms since the epoch, ascending. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  /** True for bytes: the lines of the grid are at powers of two. */
  readonly isBinary?: boolean;
}

/** Distances between two lines of the grid. */
const binary = Array.from({ length: 50 }, (_, power) => 2 ** power);
const decimal = Array.from({ length: 12 }, (_, power) =>
  [1, 2, 5].map((each) => each * 10 ** (power - 1)),
).flat();

const height = 140;
/** Names of custom properties: the colours of the series, in their order. */
const strokes = ["--series-1", "--series-2", "--series-3", "--series-4", "--series-5"];

const forcedColours = "(forced-colors: active)";
/** Where the system has too few colours, lines are told apart by their dashes, in pixels. */
const dashes = [[], [8, 4], [2, 3], [12, 4, 2, 4], [4, 2]];

export function Chart(props: ChartProps) {
  const { title, at, series, format } = props;
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const names = series.map(({ name }) => name).join("\n");
  const look = theme.value;

  // A plot is made anew for other series or colours only.
  useEffect(() => {
    const { current } = place;
    if (current === null) return;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(optionsOf(current, props), dataOf(at, series), current);
    };
    make();
    const observer = new ResizeObserver(() => {
      if (current.clientWidth > 0) plot.current?.setSize({ width: current.clientWidth, height });
    });
    observer.observe(current);
    const media = [matchMedia("(prefers-color-scheme: dark)"), matchMedia(forcedColours)];
    for (const each of media) each.addEventListener("change", make);
    return () => {
      observer.disconnect();
      for (const each of media) each.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = undefined;
    };
  }, [names, look]);

  useEffect(() => {
    plot.current?.setData(dataOf(at, series));
  }, [at, series]);

  const last = (values: Series["values"]) => {
    const value = values.at(-1);
    return value === null || value === undefined ? "–" : format(value);
  };
  return (
    <figure class="chart">
      <figcaption>
        <span class="title">{title}</span>
        <dl>
          {series.map(({ name, values }, index) => (
            <div key={name}>
              <dt class={`series-${(index % strokes.length) + 1}`}>{name}</dt>
              <dd>{last(values)}</dd>
            </div>
          ))}
        </dl>
      </figcaption>
      <div ref={place} aria-hidden="true" />
    </figure>
  );
}

function dataOf(at: readonly number[], series: readonly Series[]): uPlot.AlignedData {
  return [at.map((ms) => ms / 1_000), ...series.map(({ values }) => [...values])];
}

function optionsOf(place: HTMLElement, { series, format, isBinary }: ChartProps): uPlot.Options {
  const colour = colourOf(place);
  const text = colour("--muted");
  const grid = { stroke: colour("--track"), width: 1 };
  const isForced = matchMedia(forcedColours).matches;
  return {
    ...{ width: Math.max(place.clientWidth, 100), height },
    // The last time is as wide on the right of its line as on the left.
    padding: [8, 22, 0, 0],
    legend: { show: false },
    cursor: { show: false },
    scales: { y: { range: (_plot, _min, max) => [0, Math.max(max ?? 0, 1) * 1.05] } },
    series: [
      {},
      ...series.map(({ name }, index) => ({
        label: name,
        stroke: colour(strokes[index % strokes.length] ?? ""),
        width: isForced ? 2.5 : 1.5,
        dash: isForced ? (dashes[index % dashes.length] ?? []) : [],
        points: { show: false },
      })),
    ],
    axes: [
      { stroke: text, grid, ticks: grid, size: 30, space: 60, values: (_plot, at) => at.map(clock) },
      {
        ...{ stroke: text, grid, ticks: grid, size: widthOf, space: 28 },
        incrs: isBinary ? binary : decimal,
        values: (_plot, values) => values.map(format),
      },
    ],
  };
}

/** How wide an axis must be for its values. It is asked several times, and the first answer holds. */
const widthOf: uPlot.Axis.Size = (plot, values, at, cycle) => {
  const axis = plot.axes[at] as (uPlot.Axis & { _size?: number; font?: unknown }) | undefined;
  if (axis === undefined || (cycle > 1 && axis._size !== undefined)) return axis?._size ?? 0;
  const [font] = [axis.font].flat();
  plot.ctx.font = String(font);
  const widths = (values ?? []).map((value) => plot.ctx.measureText(value).width / devicePixelRatio);
  return Math.ceil(Math.max(0, ...widths) + (axis.ticks?.size ?? 0) + (axis.gap ?? 0) + 2);
};

/** A canvas knows no custom properties: an element has their colour. */
function colourOf(place: HTMLElement): (property: string) => string {
  return (property) => {
    const probe = document.createElement("i");
    probe.style.color = `var(${property})`;
    probe.style.setProperty("forced-color-adjust", "none");
    place.append(probe);
    const { color } = getComputedStyle(probe);
    probe.remove();
    return color;
  };
}

function clock(seconds: number): string {
  const time = new Date(seconds * 1_000);
  return `${String(time.getHours()).padStart(2, "0")}:${String(time.getMinutes()).padStart(2, "0")}`;
}
