// The lines that stand on a terminal: what xterm's own code shows of them, and the real thing under script(1).
import { randomBytes } from "node:crypto";
import { EventEmitter } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { WriteStream } from "node:tty";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import type { CommandContext } from "../../../src/cli/run-command.js";
import { cut } from "../../../src/cli/terminal/columns.js";
import { type LiveDisplay, openLiveDisplay, type Size } from "../../../src/cli/terminal/live-display.js";
import { startProgress } from "../../../src/cli/terminal/progress.js";
import { openScreen, startOnTerminal } from "../../support/processes/screen.js";
import { noRedisRuns } from "../../support/processes/stevedore.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

/** A terminal in this process: what is written to the stream is on the screen once `settled` resolves. */
function openTerminal(columns: number, rows: number) {
  const screen = openScreen(columns, rows);
  let drawn = Promise.resolve();
  const stream = Object.assign(new EventEmitter(), {
    isTTY: true,
    write(text: string) {
      drawn = screen.write(text);
      return true;
    },
    columns,
    rows,
  });
  return {
    screen,
    stream: stream as unknown as WriteStream,
    settled: () => drawn,
    resize(newColumns: number, newRows: number) {
      Object.assign(stream, { columns: newColumns, rows: newRows });
      screen.resize(newColumns, newRows);
      stream.emit("resize");
    },
  };
}

describe("a display", () => {
  let display: LiveDisplay | undefined;
  afterEach(() => display?.close());

  /** Three lines as wide as the terminal, under two that stood there before. */
  async function show(columns: number, rows: number, { fullScreen = false } = {}) {
    const terminal = openTerminal(columns, rows);
    terminal.stream.write("first\r\nsecond\r\n");
    const state = { mark: "a" };
    const frame = (size: Size) => ["1", "2", "3"].map((at) => cut(at + state.mark.repeat(200), size.columns));
    display = openLiveDisplay(terminal.stream, frame, { interval: 0, fullScreen, displacesCursor: true });
    display.changed();
    await terminal.settled();
    const expected = (mark: string, width: number) =>
      ["1", "2", "3"].map((at) => `${at + mark.repeat(width - 3)}…`);
    return { terminal, display, state, expected };
  }

  it("stands below what was there, changes in place, and goes without a trace", async () => {
    const { terminal, display, state, expected } = await show(20, 10);
    expect(terminal.screen.lines()).toEqual(["first", "second", ...expected("a", 20)]);
    state.mark = "b";
    display.changed();
    await terminal.settled();
    expect(terminal.screen.lines()).toEqual(["first", "second", ...expected("b", 20)]);
    display.close();
    terminal.stream.write("result\r\n");
    await terminal.settled();
    expect(terminal.screen.history()).toEqual(["first", "second", "result"]);
  });

  it("makes way for a line, whole and above it", async () => {
    const { terminal, display, expected } = await show(20, 10);
    for (const line of ["a line longer than the terminal", "another"]) {
      display.hide();
      terminal.stream.write(`${line}\r\n`);
      display.show();
    }
    await terminal.settled();
    expect(terminal.screen.lines()).toEqual([
      ...["first", "second", "a line longer than t", "he terminal", "another"],
      ...expected("a", 20),
    ]);
  });

  it.each([
    [40, 20],
    [40, 13],
    [50, 7],
    [20, 60],
  ])("is redrawn whole when the terminal goes from %d columns to %d", async (from, to) => {
    const { terminal, expected } = await show(from, 20);
    terminal.resize(to, 20);
    await terminal.settled();
    expect(terminal.screen.history()).toEqual(["first", "second", ...expected("a", to)]);
  });

  it("survives to be resized again and again, also at the bottom of the screen", async () => {
    // High enough: what a terminal scrolls off its top while it becomes narrower nobody can take back.
    const { terminal, display, expected } = await show(30, 12);
    for (let at = 0; at < 9; at++) {
      display.hide();
      terminal.stream.write(`line ${at}\r\n`);
      display.show();
    }
    await terminal.settled();
    for (const columns of [25, 40, 21, 22, 30]) {
      terminal.resize(columns, 12);
      await terminal.settled();
    }
    const told = Array.from({ length: 9 }, (_, at) => `line ${at}`);
    expect(terminal.screen.history()).toEqual(["first", "second", ...told, ...expected("a", 30)]);
  });

  it("has no more lines than a low terminal has rows", async () => {
    const { terminal, display, expected } = await show(20, 3);
    for (let times = 0; times < 5; times++) display.changed();
    await terminal.settled();
    expect(terminal.screen.history()).toEqual(["first", "second", ...expected("a", 20).slice(0, 2)]);
  });

  it("that takes the whole screen gives it back, also for a line", async () => {
    const { terminal, display, expected } = await show(20, 10, { fullScreen: true });
    expect(terminal.screen.lines()).toEqual(expected("a", 20));
    display.hide();
    terminal.stream.write("told\r\n");
    await terminal.settled();
    expect(terminal.screen.lines()).toEqual(["first", "second", "told"]);
    display.show();
    terminal.resize(12, 10);
    await terminal.settled();
    expect(terminal.screen.lines()).toEqual(expected("a", 12));
    display.close();
    await terminal.settled();
    expect(terminal.screen.lines()).toEqual(["first", "second", "told"]);
  });

  it("is drawn at most once in its interval", async () => {
    const terminal = openTerminal(20, 10);
    let drawings = 0;
    const frame = () => [`${drawings++}`];
    display = openLiveDisplay(terminal.stream, frame, { interval: 3_600_000 });
    for (let times = 0; times < 1_000; times++) display.changed();
    expect(drawings).toBe(1);
  });
});

describe("where no lines can be redrawn", () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllEnvs();
  });

  it.each([
    ["there is no terminal", false, "xterm"],
    ["TERM is dumb", true, "dumb"],
    ["TERM is not set", true, undefined],
  ])("because %s, a line is written every five seconds and one at the end", async (_, isTTY, term) => {
    vi.stubEnv("TERM", term);
    vi.useFakeTimers({ toFake: ["performance"] });
    const told: string[] = [];
    const { stream } = openTerminal(80, 24);
    const written = vi.spyOn(stream, "write");
    const context = { quiet: false, tell: (line: string) => told.push(line) } as unknown as CommandContext;
    const shown = await startProgress(
      [
        { label: "a", bytes: 1_000 },
        { label: "b", bytes: 1_000 },
      ],
      context,
      Object.assign(stream, { isTTY }),
    );
    const progress = { phase: "checksum", total: 1_000, unit: "bytes" } as const;
    for (let at = 0; at < 100; at++) {
      shown.update(0, { state: "active", progress: { ...progress, done: at * 10 } });
      vi.advanceTimersByTime(150);
    }
    shown.update(0, { state: "completed", result: { layerBytes: 1_000, archiveBytes: 250 } });
    shown.update(1, { state: "completed", result: { layerBytes: 1_000, archiveBytes: 250, cached: true } });
    shown.close();
    expect(told.map((line) => line.slice(0, 16))).toEqual([
      ...["0/2 images 17 % ", "0/2 images 34 % "],
      "2/2 images 100 %",
    ]);
    expect(told.at(-1)).toContain("ratio 0.25");
    expect(written).not.toHaveBeenCalled();
  });
});

describe("checksum --all on a terminal", () => {
  const scratch = useScratchDirectory();
  let root: string;
  const names = ["one", "two", "three"];

  beforeAll(async () => {
    root = await scratch.fresh();
    for (const name of names) {
      const image = join(root, "graph", name);
      mkdirSync(join(image, "layer"), { recursive: true });
      writeFileSync(join(image, "json"), JSON.stringify({ id: name, created: "2013-05-01T00:00:00Z" }));
      // What xz needs a second for.
      writeFileSync(join(image, "layer", "random"), randomBytes(1_500_000));
    }
  });

  it("shows the whole and each image, through a resize and other lines, then the result alone", async () => {
    const running = startOnTerminal(["checksum", "--all", "--force", "--verbose", "--root", root], {
      columns: 40,
      rows: 30,
    });
    await running.shows(/^(\[[# ]*\] {2})?0\/3 images {2}\d+ %.*\n.*(one|two|three) .*\d+ %/m);
    await running.resize(80, 30);
    await running.shows(
      /^\[[# ]*\] {2}\d\/3 images {2}.* MiB of .*\n\[[# ]*\] {2}(one|two|three) +checksum/m,
    );
    expect(await running.ended).toBe(0);
    const lines = running.screen.history();
    expect(lines[0]).toBe("before");
    const whole = lines.join("");
    for (const name of names) {
      expect(whole).toMatch(new RegExp(`stevedore: ${name}: job c[A-Za-z0-9_-]{21} is active`));
      expect(whole).toMatch(new RegExp(`sha256:[0-9a-f]{64} {2}${name}`));
    }
    expect(whole).not.toMatch(/images|MiB|\[#/);
    expect(noRedisRuns(root)).toBe(true);
  });

  it("--quiet shows nothing but the result", async () => {
    const running = startOnTerminal(
      ["checksum", "one", "--force", "--recipe", "xz-1", "--quiet", "--root", root],
      {
        columns: 100,
        rows: 30,
      },
    );
    expect(await running.ended).toBe(0);
    expect(running.output()).toMatch(/^before\r\nsha256:[0-9a-f]{64} {2}one\r\n$/);
  });
});
