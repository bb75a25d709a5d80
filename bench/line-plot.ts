// Draws measured curves as SVG.
import { init } from "echarts";

export interface Axis {
  readonly name: string;
  readonly isLogarithmic?: boolean;
}

export interface Curve {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Drawn dashed: what is computed, or a peer. */
  readonly isPeer?: boolean;
}

/** A plot of some curves, as the text of an SVG file that needs nothing besides. */
export function drawLines(title: string, x: Axis, y: Axis, curves: readonly Curve[]): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: 720, height: 420 });
  const axis = ({ name, isLogarithmic = false }: Axis, gap: number) => ({
    ...{ type: isLogarithmic ? ("log" as const) : ("value" as const), name },
    ...{ nameLocation: "middle" as const, nameGap: gap, minInterval: 1 },
  });
  chart.setOption({
    animation: false,
    backgroundColor: "#ffffff",
    title: { text: title, left: "center", textStyle: { fontSize: 15 } },
    legend: { bottom: 0, itemGap: 45 },
    grid: { left: 80, right: 30, top: 50, bottom: 90 },
    xAxis: axis(x, 30),
    yAxis: axis(y, 55),
    series: curves.map(({ name, points, isPeer = false }) => ({
      ...{
        type: "line" as const,
        name,
        data: points.map((point) => [...point]),
        symbolSize: 6,
        silent: true,
      },
      lineStyle: { type: isPeer ? ("dashed" as const) : ("solid" as const) },
    })),
  });
  const svg = chart.renderToSVGString();
  chart.dispose();
  // What is read aloud in its place.
  return `${svg.replace(/>/, `><title>${title}</title>`)}\n`;
}
