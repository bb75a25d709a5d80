// How progress is drawn: pure functions from a state to lines.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf, cut, rowsOf } from "../../../src/cli/terminal/columns.js";
import { formatSeconds, formatTime } from "../../../src/cli/terminal/format.js";
import type { ProgressView } from "../../../src/cli/terminal/job-tally.js";
import { activeLines, progressLines } from "../../../src/cli/terminal/progress-lines.js";
import { progressSentence } from "../../../src/cli/terminal/progress-text.js";
import { openScreen } from "../../support/processes/screen.js";

const mib = 1024 * 1024;
const job = (label: string, done: number, rate?: number) =>
  ({ label, progress: { phase: "checksum", done, total: 100 * mib, unit: "bytes" }, rate }) as const;
const view: ProgressView = {
  images: { done: 3, total: 12, failed: 0 },
  amount: { done: 410 * mib, total: 1_200 * mib, unit: "bytes", estimated: true },
  ratio: 0.345,
  rate: 3.4 * mib,
  left: 249.2,
  compression: 0.34,
  active: [
    job("8dbd9e392a964056420e5d58ca5cc376ef18e2de93b5cc90e868a1bbc8318c1c", 34 * mib, 1.7 * mib),
    job("base", 0),
  ],
};
const wide = { columns: 100, rows: 10 };

describe("progressLines", () => {
  it("show the whole, and below it each image at work", () => {
    expect(progressLines("", view, wide)).toEqual([
      "[########              ]  3/12 images  34 %  410.0 MiB of ~1.2 GiB  3.4 MiB/s  ratio 0.34  ETA 4m10s",
      "[#######               ]  8dbd9e392a96  checksum   34 %  1.7 MiB/s",
      "[                      ]  base          checksum    0 %",
    ]);
  });

  it("leave out what a narrow terminal has no room for, the bar first, the number of images last", () => {
    const at = (columns: number) => progressLines("", view, { columns, rows: 10 });
    expect(at(39)).toEqual([
      "3/12 images  34 %  3.4 MiB/s  ETA 4m10s",
      "[##   ]  8dbd9e392a96   34 %  1.7 MiB/s",
      "[     ]  base            0 %",
    ]);
    expect(at(20)).toEqual(["3/12 images  34 %", "8dbd9e392a96   34 %", "base            0 %"]);
    expect(at(8)).toEqual(["3/12 im…", "8dbd9e3…", "base"]);
  });

  it("say how many more there are than the terminal has rows for", () => {
    const active = Array.from({ length: 20 }, (_, at) => job(`image-${at}`, 0));
    const lines = progressLines("", { ...view, active }, { columns: 100, rows: 5 });
    expect(lines).toHaveLength(5);
    expect(lines.at(-1)).toBe("and 17 more");
    expect(progressLines("", { ...view, active }, { columns: 100, rows: 1 })).toHaveLength(1);
  });

  it("are one line for one job, by its name and phase", () => {
    const one = { ...view, compression: undefined, images: undefined, active: [job("base", 34 * mib)] };
    expect(progressLines("base", one, wide)).toEqual([
      "[########              ]  base: checksum  34 %  410.0 MiB of ~1.2 GiB  3.4 MiB/s  ETA 4m10s",
    ]);
  });

  it("show a batch among the jobs at work by its own figures", () => {
    const progress = {
      ...{ phase: "images", done: 3, total: 12, unit: "images" as const },
      ...{ bytesDone: mib, bytesTotal: 4 * mib, bytesPerSecond: 2.5 * mib, secondsLeft: 200 },
    };
    expect(
      activeLines([{ label: "checksum-graph", progress, rate: 0.1 }, job("base", 50 * mib, mib)], wide),
    ).toEqual([
      "[######                ]  checksum-graph  3/12 images   25 %  2.5 MiB/s  ETA 3m20s",
      "[###########           ]  base            checksum      50 %  1.0 MiB/s",
    ]);
  });

  it("let no control character of a name or a phase through", () => {
    const hostile = "\u001b]0;title\u0007\u009b2J\r\n\u202e";
    const progress = { ...job("", 1).progress, phase: hostile };
    const active = [{ label: hostile, progress, rate: undefined }];
    for (const images of [undefined, view.images]) {
      const lines = progressLines(hostile, { ...view, images, active }, { columns: 500, rows: 9 });
      expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
      expect(lines.join("")).toContain("\\x1b]0;title");
    }
  });

  it("never are wider or more than the terminal, whatever the names are", () => {
    const anyView = fc.record({
      names: fc.array(fc.string({ unit: "grapheme" }), { maxLength: 9 }),
      ratio: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(
        anyView,
        fc.integer({ min: 1, max: 120 }),
        fc.integer({ min: 1, max: 12 }),
        ({ names, ratio }, columns, rows) => {
          const lines = progressLines(
            "",
            { ...view, ratio, active: names.map((name) => job(name, 1, 1)) },
            { columns, rows },
          );
          expect(lines.length).toBeLessThanOrEqual(rows);
          for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
        },
      ),
    );
  });

  it("say the same in a sentence where there is no terminal", () => {
    expect(progressSentence("", { ...view, images: { done: 3, total: 12, failed: 1 } })).toBe(
      "3/12 images, 1 failed 34 % (410.0 MiB of ~1.2 GiB), 3.4 MiB/s, ratio 0.34, ETA 4m10s",
    );
  });
});

describe("columns", () => {
  it("are what a terminal gives to a text: wide characters two, combining ones none", async () => {
    for (const text of ["plain", "日本語", "ｆｕｌｌ", "한국어", "é ñ", "äöüß", "𠀀𠀁", "→ …"]) {
      const screen = openScreen(80, 3);
      await screen.write(`${text}\u001b[80D\u001b[${columnsOf(text)}C|`);
      expect(screen.lines()).toEqual([`${text}|`]);
    }
  });

  it.each([
    ["日本語", 6, "日本語"],
    ["日本語", 5, "日本…"],
    ["日本語", 4, "日…"],
    ["日本語", 1, "…"],
    ["𠀀𠀁𠀂", 5, "𠀀𠀁…"],
    ["e\u0301e\u0301e\u0301", 2, "e\u0301…"],
    ["abc", 0, ""],
  ])("cut %j to %d columns as %j", (text, columns, expected) => {
    expect(cut(text, columns)).toBe(expected);
  });

  it("tell how many rows a line takes that is wrapped", async () => {
    for (const text of ["x".repeat(20), "x".repeat(21), "日".repeat(11), `x${"日".repeat(10)}`, ""]) {
      const screen = openScreen(20, 9);
      await screen.write(`${text}\r\nend`);
      expect(rowsOf(text, 20)).toBe(screen.lines().indexOf("end"));
    }
  });
});

it.each([
  [0, "0s"],
  [8.2, "9s"],
  [250, "4m10s"],
  [7_500, "2h05m"],
  [86_399, "1d00h"],
  [273_600, "3d04h"],
])("%d seconds are %s", (seconds, text) => expect(formatSeconds(seconds)).toBe(text));

it("a time is ISO 8601, and a number that is none does not end the command", () => {
  expect(formatTime(1)).toBe("1970-01-01T00:00:00.001Z");
  expect([1e300, Number.NaN, 0].map(formatTime)).toEqual(["?", "?", "?"]);
});
