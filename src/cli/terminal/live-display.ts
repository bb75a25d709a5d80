// Lines on a terminal that are redrawn in place. Their contents come from others.
import type { WriteStream } from "node:tty";
import { rowsOf } from "./columns.js";

/** The size of a terminal. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** A display on a terminal, which is hidden while other lines are written. */
export interface Display {
  hide(): void;
  show(): void;
}

export interface LiveDisplay extends Display {
  /** Redraws: at once, or when the last drawing is `interval` old. */
  changed(): void;
  /** Removes it for good. */
  close(): void;
}

interface LiveDisplayOptions {
  /** The least time between two drawings, in ms. */
  readonly interval: number;
  /** Whether to take the whole screen, and restore it at the end, instead of standing below the other output. */
  readonly fullScreen?: boolean;
  /**
   * The terminal is one of xterm.js. When it becomes narrower it moves the cursor down by the rows that other lines
   * take more. Default: true in VS Code, which says so.
   */
  readonly displacesCursor?: boolean;
}

/** How often it is redrawn without a change, so that rates and times go on, in ms. */
const heartbeat = 1_000;
/** For a terminal that does not report its size: that of a VT100. */
const usualSize = { columns: 80, rows: 24 } as const;

/** Control sequences (ECMA-48; xterm's ctlseqs for the private modes 7, 25 and 1049). */
const control = {
  up: (rows: number) => (rows > 0 ? `\u001b[${rows}A` : ""),
  home: "\u001b[H",
  eraseLine: "\u001b[K",
  eraseBelow: "\u001b[J",
  wrapOff: "\u001b[?7l",
  wrapOn: "\u001b[?7h",
  fullScreenOn: "\u001b[?1049h\u001b[?25l",
  fullScreenOff: "\u001b[?25h\u001b[?1049l",
} as const;

/** True for a terminal on which lines can be redrawn; TERM is `dumb` or unset on others, as under cron. */
export function isTerminal(stream: NodeJS.WriteStream): stream is NodeJS.WriteStream & WriteStream {
  return stream.isTTY === true && !["dumb", "", undefined].includes(process.env.TERM);
}

/**
 * Shows what `frame` returns for the size that the terminal has at the time: at most `rows` lines of at most
 * `columns` columns.
 */
export function openLiveDisplay(
  stream: WriteStream,
  frame: (size: Size) => readonly string[],
  options: LiveDisplayOptions,
): LiveDisplay {
  const { interval, fullScreen = false } = options;
  /**
   * What stands on the terminal, and for how many columns it was drawn; undefined while nothing does. The cursor is at
   * its beginning: terminals that wrap lines anew when they become narrower take the cursor along with its text.
   */
  let standing: { readonly lines: readonly string[]; readonly columns: number } | undefined;
  let hidden = false;
  let lastDrawn = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const { displacesCursor = process.env.TERM_PROGRAM === "vscode" } = options;

  const size = (): Size => {
    const { columns, rows } = stream;
    return { columns: columns || usualSize.columns, rows: rows || usualSize.rows };
  };
  /** What takes the cursor to where the display begins. */
  const toBegin = ({ columns }: Size) => {
    if (fullScreen) return control.home;
    if (standing === undefined || !displacesCursor || columns >= standing.columns) return "\r";
    // As its Buffer._reflowSmaller does: from the last line up, but for the one the cursor is on by then.
    const displaced = standing.lines.reduceRight(
      (row, line, at) => (row === at ? row : row + rowsOf(line, columns) - 1),
      0,
    );
    return `\r${control.up(displaced)}`;
  };
  const draw = (lines: readonly string[], at: Size) => {
    const begin = standing === undefined && fullScreen ? control.fullScreenOn : "";
    const body = lines.map((line) => line + control.eraseLine).join("\r\n") + control.eraseBelow;
    const back = fullScreen ? "" : `${control.up(lines.length - 1)}\r`;
    // One write, so that no half of it is seen; no line is wrapped, should the terminal be narrower by now.
    stream.write(begin + toBegin(at) + control.wrapOff + body + back + control.wrapOn);
    standing = { lines, columns: at.columns };
  };
  const redraw = () => {
    clearTimeout(timer);
    timer = undefined;
    if (hidden) return;
    lastDrawn = performance.now();
    const at = size();
    // The last column stays free, and of a screen that is not ours a row of what stood there.
    const room = { columns: at.columns - 1, rows: at.rows - (fullScreen ? 0 : 1) };
    draw(frame(room).slice(0, Math.max(0, room.rows)), at);
  };
  const changed = () => {
    if (hidden) return;
    const due = lastDrawn + interval - performance.now();
    if (due <= 0) redraw();
    else timer ??= setTimeout(redraw, due);
  };
  const takeAway = () => {
    if (standing === undefined) return;
    stream.write(fullScreen ? control.fullScreenOff : toBegin(size()) + control.eraseBelow);
    standing = undefined;
  };
  const close = () => {
    hidden = true;
    clearTimeout(timer);
    clearInterval(beat);
    stream.off("resize", changed);
    process.off("exit", close);
    process.off("SIGTSTP", pause);
    takeAway();
  };
  /** Ctrl-Z: gives the terminal back to the shell as it was, and draws anew when the shell goes on with us. */
  const pause = () => {
    takeAway();
    process.once("SIGCONT", changed);
    process.kill(process.pid, "SIGSTOP");
  };
  const beat = setInterval(changed, heartbeat);
  beat.unref();
  stream.on("resize", changed);
  process.once("exit", close);
  process.on("SIGTSTP", pause);

  /** True if it stood there when it was hidden. */
  let stood = false;
  return {
    hide() {
      stood = standing !== undefined;
      hidden = true;
      takeAway();
    },
    show() {
      hidden = false;
      if (stood) redraw();
    },
    changed,
    close,
  };
}
