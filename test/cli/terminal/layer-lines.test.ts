// The layers of an image that is pulled or pushed, as lines.
import { EventEmitter } from "node:events";
import { describe, expect, it } from "vitest";
import type { CommandContext } from "../../../src/cli/run-command.js";
import { layerLines } from "../../../src/cli/terminal/layer-lines.js";
import { startProgress } from "../../../src/cli/terminal/progress.js";
import { progressLines } from "../../../src/cli/terminal/progress-lines.js";
import type { Progress } from "../../../src/jobs/index.js";

const mib = 1024 * 1024;
type Layer = NonNullable<Progress["layers"]>[number];
const layer = (at: number, state: Layer["state"], done = 0): Layer => ({
  digest: `sha256:${String(at).padStart(2, "0").repeat(32)}`,
  done: done * mib,
  total: 4 * mib,
  state,
});
const layers = [layer(1, "present"), layer(2, "done", 4), layer(3, "fetching", 1), layer(4, "waiting")];

describe("layers on a terminal", () => {
  it("have a line each, in their order, below that of the whole", () => {
    const progress = { phase: "pull", done: 5 * mib, total: 12 * mib, unit: "bytes", layers } as const;
    const view = {
      ...{ images: undefined, rate: undefined, left: undefined, compression: undefined, layers },
      amount: { done: 5 * mib, total: 12 * mib, unit: "bytes", estimated: false },
      ratio: 5 / 12,
      active: [{ label: "busybox", progress, rate: undefined }],
    } as const;
    expect(progressLines("busybox", view, { columns: 80, rows: 10 })).toEqual([
      "[#########             ]  busybox: pull  41 %  5.0 MiB of 12.0 MiB",
      "[######################]  010101010101  present   100 %  4.0 MiB",
      "[######################]  020202020202  done      100 %  4.0 MiB",
      "[######                ]  030303030303  fetching   25 %  1.0 MiB of 4.0 MiB",
      "[                      ]  040404040404  waiting     0 %  0 B of 4.0 MiB",
    ]);
    expect(progressLines("busybox", view, { columns: 80, rows: 1 })).toHaveLength(1);
  });

  it("leave out what a narrow terminal has no room for", () => {
    expect(layerLines(layers, { columns: 40, rows: 10 })[2]).toBe("[##     ]  030303030303  fetching   25 %");
    expect(layerLines(layers, { columns: 24, rows: 10 })[2]).toBe("030303030303  fetching");
    for (const columns of [1, 5, 13, 30]) {
      for (const line of layerLines(layers, { columns, rows: 10 })) {
        expect(line.length).toBeLessThanOrEqual(columns);
      }
    }
  });

  it("that are at work are shown before those that are done, where there are too few rows", () => {
    const shown = layerLines(layers, { columns: 80, rows: 3 });
    expect(shown.map((line) => line.replace(/^\[.*\] {2}/, "").split(/ {2}/)[0])).toEqual([
      ...["030303030303", "040404040404"],
      "and 2 more",
    ]);
    expect(layerLines(layers, { columns: 80, rows: 0 })).toEqual([]);
  });
});

it("where stderr is no terminal, each layer is told of once, when it has come", async () => {
  const told: string[] = [];
  const context = { quiet: false, tell: (line: string) => told.push(line) } as unknown as CommandContext;
  const stream = Object.assign(new EventEmitter(), { isTTY: false }) as unknown as NodeJS.WriteStream;
  const shown = await startProgress([{ label: "busybox" }], context, stream);
  const progress = { phase: "pull", done: 0, total: 1, unit: "bytes" } as const;
  shown.update(0, { state: "active", progress: { ...progress, layers: [layer(1, "fetching", 1)] } });
  for (let round = 0; round < 2; round++) {
    shown.update(0, {
      state: "active",
      progress: { ...progress, layers: [layer(1, "done", 4), layer(2, "mounted")] },
    });
  }
  shown.update(0, { state: "completed", result: {} });
  shown.close();
  expect(told).toEqual([
    "busybox: layer 010101010101 done (4.0 MiB)",
    "busybox: layer 020202020202 mounted (4.0 MiB)",
  ]);
});
