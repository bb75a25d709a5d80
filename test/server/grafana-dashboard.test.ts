// docs/grafana-dashboard.json: a dashboard that Grafana takes, whose every query is of series that a real scrape has.
import { readFileSync } from "node:fs";
import { describe, expect, it, vi } from "vitest";
import { openGraph } from "../../src/graph/index.js";
import { metricsText } from "../../src/server/metrics.js";
import { startCompressor } from "../../src/worker/index.js";
import { runJob, useDock } from "../support/dock.js";
import { parseExposition } from "../support/http/exposition.js";

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: Readonly<Record<"x" | "y" | "w" | "h", number>>;
  readonly targets: readonly { readonly refId: string; readonly expr: string }[];
}

const dashboard = JSON.parse(readFileSync("docs/grafana-dashboard.json", "utf8")) as {
  readonly schemaVersion: number;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const expressions = dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr));

/** The names of the series in a query of PromQL: what is neither a function nor a word of the language. */
function seriesIn(expression: string): string[] {
  const bare = expression
    .replaceAll(/"[^"]*"/g, "")
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, "")
    .replaceAll(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, "");
  const words = bare.matchAll(/(?<![\w.])[a-zA-Z_:][a-zA-Z0-9_:]*(?!\w)(?!\s*\()/g);
  return [...words].map(([word]) => word).filter((word) => !/^(and|or|unless|bool|offset)$/.test(word));
}

const dock = useDock();

describe("the Grafana dashboard", () => {
  it("has panels with numbers of their own that do not overlap, each with queries", () => {
    expect(dashboard.schemaVersion).toBeGreaterThanOrEqual(39);
    expect(new Set(dashboard.panels.map(({ id }) => id)).size).toBe(dashboard.panels.length);
    const taken = new Set<string>();
    for (const { title, targets, gridPos } of dashboard.panels) {
      expect(targets.length, title).toBeGreaterThan(0);
      expect(gridPos.x + gridPos.w, title).toBeLessThanOrEqual(24);
      for (let x = gridPos.x; x < gridPos.x + gridPos.w; x += 1) {
        for (let y = gridPos.y; y < gridPos.y + gridPos.h; y += 1) {
          expect(taken.has(`${x} ${y}`), title).toBe(false);
          taken.add(`${x} ${y}`);
        }
      }
    }
  });

  it("asks for variables that it has", () => {
    const known = dashboard.templating.list.map(({ name }) => name);
    const used = [...JSON.stringify(dashboard.panels).matchAll(/\$\{?(\w+)/g)].map(([, name]) => name);
    expect(known).toEqual(
      expect.arrayContaining([...new Set(used)].filter((name) => !name?.startsWith("__"))),
    );
  });

  // The worker tells its metrics sooner than it would.
  it("asks for no series that a scrape has not, and leaves out none of ours", () =>
    dock.serving(
      async ({ producer, root, graphName }) => {
        const compressor = await startCompressor({ redis: dock.redis, graphs: [graphName], threads: 1 });
        await runJob(producer, "store", { image: { id: "a" }, layer: { path: dock.archive } });
        const graph = await openGraph(root);
        const families = await vi.waitFor(
          async () => {
            const page = parseExposition((await metricsText({ producer, graph })).text);
            expect(page.get("stevedore_job_duration_seconds")?.samples).not.toEqual([]);
            return page;
          },
          { timeout: 60_000, interval: 250 },
        );
        const series = new Set(
          [...families.values()].flatMap(({ samples }) => samples.map(({ name }) => name)),
        );
        const asked = new Set(expressions.flatMap(seriesIn));
        expect([...asked].filter((name) => !series.has(name))).toEqual([]);
        const unasked = [...families.keys()].filter(
          (name) => name.startsWith("stevedore_") && ![...asked].some((each) => each.startsWith(name)),
        );
        expect(unasked).toEqual([]);
        for (const { definition = "" } of dashboard.templating.list) {
          const [, name] = /^label_values\((\w+), \w+\)$/.exec(definition) ?? [];
          if (name !== undefined) expect(series).toContain(name);
        }
        await compressor.close();
      },
      { timing: { statusInterval: 500 } },
    ));
});
