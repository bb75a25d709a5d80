// Tables: no line is wider than the terminal, whatever the cells hold, and columns stand where their headings do.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { columnsOf, cutStart, wrap } from "../../../src/cli/terminal/columns.js";
import { formatAge, formatLocalTime } from "../../../src/cli/terminal/format.js";
import { plainPaint, roomOf, showsColours } from "../../../src/cli/terminal/surface.js";
import { columnWidths } from "../../../src/cli/terminal/tables/column-widths.js";
import { type Column, type ListView, openTable, tableLines } from "../../../src/cli/terminal/tables/table.js";
import { openScreen } from "../../support/processes/screen.js";

const everywhere = Number.POSITIVE_INFINITY;
const view = (room: number): ListView => ({ room, isWhole: false, paint: plainPaint, now: 0 });

/** What names and comments may be made of: also what is wide, joined, invisible, or would move a terminal. */
const text = fc
  .oneof(
    fc.string({ maxLength: 30 }),
    fc.string({ unit: "grapheme", maxLength: 30 }),
    fc.string({ unit: "binary", maxLength: 10 }),
    fc.array(
      fc.constantFrom("日本", "한", "é", "e\u0301", "👨‍👩‍👧", "👍🏽", "🇩🇪", "\u001b[2J", "\n", "नि", "x"),
      { maxLength: 20 },
    ),
  )
  .map((parts) => (Array.isArray(parts) ? parts.join("") : parts));

const column = fc.record({
  side: fc.constantFrom("left" as const, "right" as const),
  least: fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }),
  rank: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
  cutOff: fc.constantFrom("start" as const, "end" as const),
});

/** A table of these cells. */
function columnsFor(drawn: readonly object[]): Column<readonly string[]>[] {
  return drawn.map((one, at) => {
    const given = Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined));
    return { heading: `H${at}`, cell: (row: readonly string[]) => row[at] ?? "", ...given };
  });
}

describe("a table", () => {
  it("is never wider than the terminal, whatever its cells hold", () => {
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 8 }),
        fc.array(fc.array(text, { minLength: 8, maxLength: 8 }), { maxLength: 5 }),
        fc.integer({ min: 1, max: 200 }),
        (drawn, rows, room) => {
          for (const line of tableLines(columnsFor(drawn), view(room), rows)) {
            expect(columnsOf(line)).toBeLessThanOrEqual(room);
            expect(line).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
          }
        },
      ),
    );
  });

  it("cuts nothing and leaves nothing out where there is no terminal", () => {
    const cell = fc.stringMatching(/^[a-z日é]{1,60}$/);
    fc.assert(
      fc.property(
        fc.array(column, { minLength: 1, maxLength: 8 }),
        fc.array(fc.array(cell, { minLength: 8, maxLength: 8 }), { minLength: 1, maxLength: 5 }),
        (drawn, rows) => {
          const [, ...lines] = tableLines(columnsFor(drawn), view(everywhere), rows);
          const cells = (row: readonly string[]) => row.slice(0, drawn.length);
          expect(lines.map((line) => line.trim().split(/ {2,}/))).toEqual(rows.map(cells));
        },
      ),
    );
  });

  it("takes the whole terminal before it cuts or leaves out anything", () => {
    const demand = fc.record({
      width: fc.integer({ min: 1, max: 60 }),
      least: fc.integer({ min: 1, max: 60 }),
      wanted: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
      rank: fc.option(fc.integer({ min: 1, max: 5 }), { nil: undefined }),
    });
    fc.assert(
      fc.property(
        fc.array(demand, { minLength: 1, maxLength: 8 }),
        fc.integer({ min: 1, max: 300 }),
        (demands, room) => {
          const widths = columnWidths(demands, room);
          const kept = widths.filter((width) => width > 0);
          const used = kept.reduce((sum, width) => sum + width + 2, -2);
          expect(used).toBeLessThanOrEqual(room);
          const wanted = demands.reduce((sum, { width }) => sum + width + 2, -2);
          if (wanted <= room) expect(widths).toEqual(demands.map(({ width }) => width));
          else if (kept.length === widths.length) expect(used).toBe(room);
        },
      ),
    );
  });

  it("leaves out the columns of the highest ranks first, and narrows the others evenly", () => {
    const demands = [
      { width: 50, least: 10 },
      { width: 12, least: 12 },
      { width: 40, least: 10, rank: 1 },
    ];
    const spare = { width: 20, least: 20, rank: 2 };
    expect(columnWidths([...demands, spare], 200)).toEqual([50, 12, 40, 20]);
    expect(columnWidths([...demands, spare], 80)).toEqual([21, 12, 21, 20]);
    expect(columnWidths([...demands, spare], 50)).toEqual([17, 12, 17, 0]);
    expect(columnWidths([...demands, spare], 30)).toEqual([16, 12, 0, 0]);
    expect(columnWidths([...demands, spare], 5)).toEqual([5, 0, 0, 0]);
    // What matters more is to be read before what matters less is shown at all.
    const wanting = [{ width: 50, least: 10, wanted: 30 }, ...demands.slice(1), spare];
    expect(columnWidths(wanting, 77)).toEqual([31, 12, 30, 0]);
    expect(columnWidths(wanting, 78)).toEqual([30, 12, 10, 20]);
  });

  it("lines up cells of wide and of combining characters, right ones too", async () => {
    const columns: Column<readonly [string, string]>[] = [
      { heading: "NAME", cell: ([name]) => name, least: 6 },
      { heading: "SIZE", cell: ([, size]) => size, side: "right" },
      { heading: "END", cell: () => "|" },
    ];
    const rows = [
      ["日本語日本語", "1 B"],
      ["e\u0301a", "1023.9 MiB"],
      ["plain", "12 KiB"],
    ] as const;
    const screen = openScreen(24, 9);
    await screen.write(tableLines(columns, view(24), rows).join("\r\n"));
    expect(screen.lines()).toEqual([
      "NAME           SIZE  END",
      "日本語…         1 B  |",
      "e\u0301a       1023.9 MiB  |",
      "plain        12 KiB  |",
    ]);
  });

  it("lets a name of monstrous length push its own row aside, where nothing is cut", () => {
    const columns: Column<string>[] = [
      { heading: "NAME", cell: (name) => name, usual: 8 },
      { heading: "END", cell: () => "|" },
    ];
    expect(tableLines(columns, view(everywhere), ["a", "b".repeat(20)])).toEqual([
      "NAME      END",
      "a         |",
      `${"b".repeat(20)}  |`,
    ]);
  });

  it("draws rows one by one where their widest cells are known", () => {
    const { header, line } = openTable(
      [
        { heading: "ID", cell: (id: string) => id, widest: 5 },
        { heading: "X", cell: () => "x" },
      ],
      view(20),
    );
    expect([header, line("a"), line("abcdefgh")]).toEqual(["ID     X", "a      x", "abcd…  x"]);
  });
});

describe("texts", () => {
  it("are wrapped at blanks, and within words without room; nothing is lost", () => {
    expect(wrap("one two three", 8)).toEqual(["one two", "three"]);
    expect(wrap("abcdefghij kl", 4)).toEqual(["abcd", "efgh", "ij", "kl"]);
    expect(wrap("日本語", 3)).toEqual(["日", "本", "語"]);
    fc.assert(
      fc.property(text, fc.integer({ min: 8, max: 100 }), (given, columns) => {
        const lines = wrap(given, columns);
        for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
        expect(lines.join("").replaceAll(/\s/g, "")).toBe(given.replaceAll(/\s/g, ""));
      }),
    );
  });

  it("are cut at their beginning where the end tells more", () => {
    expect(cutStart("/var/lib/mounts/web", 10)).toBe("…ounts/web");
    expect([cutStart("日本語", 4), cutStart("abc", 3), cutStart("abc", 0)]).toEqual(["…語", "abc", ""]);
  });

  it("take the most columns that any terminal gives them", () => {
    expect(["👨‍👩‍👧", "👍🏽", "नि", "❤️", "🇩🇪"].map(columnsOf)).toEqual([6, 4, 2, 2, 2]);
  });
});

it.each([
  [0, "0s"],
  [59_999, "59s"],
  [60_000, "1m"],
  [3_600_000, "1h"],
  [48 * 3_600_000, "2d"],
  [729 * 86_400_000, "729d"],
  [13.5 * 365 * 86_400_000, "13y"],
  [-500, "0s"],
  [-90_000, "+1m"],
])("an age of %d ms is %s", (age, expected) => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  expect(formatAge(now - age, now)).toBe(expected);
});

it("an age that is not known, or that stands for that, is -", () => {
  const times = ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "soon"];
  expect(times.map((time) => formatAge(Date.parse(time), Date.now()))).toEqual(["-", "-", "-"]);
});

it("a local time is that of the host's zone, with its distance from UTC", () => {
  const ms = Date.parse("2026-11-30T12:00:05.678Z");
  const shown = formatLocalTime(ms);
  expect(shown).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
  expect(Date.parse(shown.replace(" ", "T"))).toBe(ms - 678);
  expect([0, Number.NaN].map(formatLocalTime)).toEqual(["?", "?"]);
});

describe("colours", () => {
  const terminal = { isTTY: true };
  it.each([
    ["on a terminal", terminal, "auto", {}, true],
    ["not in a pipe", {}, "auto", {}, false],
    ["not with NO_COLOR", terminal, "auto", { NO_COLOR: "1" }, false],
    ["with an empty NO_COLOR", terminal, "auto", { NO_COLOR: "" }, true],
    ["not with NO_COLOR, whatever else is set", terminal, "auto", { NO_COLOR: "1", FORCE_COLOR: "1" }, false],
    ["in a pipe with FORCE_COLOR", {}, "auto", { FORCE_COLOR: "1" }, true],
    ["not with FORCE_COLOR=0", terminal, "auto", { FORCE_COLOR: "0" }, false],
    ["in a pipe with CLICOLOR_FORCE", {}, "auto", { CLICOLOR_FORCE: "1" }, true],
    ["not with CLICOLOR=0", terminal, "auto", { CLICOLOR: "0" }, false],
    ["not on a dumb terminal", terminal, "auto", { TERM: "dumb" }, false],
    ["always", {}, "always", { NO_COLOR: "1" }, true],
    ["never", terminal, "never", { FORCE_COLOR: "1" }, false],
  ] as const)("%s", (_, stream, choice, environment, expected) => {
    expect(showsColours(stream, choice, environment)).toBe(expected);
  });
});

it("a line may take the columns of the terminal, else $COLUMNS, else 80, and in a pipe any number", () => {
  expect(roomOf({ isTTY: true, columns: 60 }, { COLUMNS: "100" })).toBe(60);
  expect(roomOf({ isTTY: true, columns: 0 }, { COLUMNS: "100" })).toBe(100);
  expect(roomOf({ isTTY: true, columns: 0 }, {})).toBe(80);
  expect(roomOf({ columns: 60 }, { COLUMNS: "100" })).toBe(everywhere);
});
