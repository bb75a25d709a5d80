// Lines that stand on a terminal and change in place. The thin part: what they say is somebody else's.
import type { WriteStream } from "node:tty";
import { rowsOf } from "./columns.js";

/** What a terminal has room for. */
export interface Size {
  readonly columns: number;
  readonly rows: number;
}

/** Something that stands on a terminal and has to make way for a line. */
export interface Display {
  hide(): void;
  show(): void;
}

export interface LiveDisplay extends Display {
  /** Draws anew: at once, or when the last drawing is old enough. */
  changed(): void;
  /** Takes it away for good. */
  close(): void;
}

export interface LiveDisplayOptions {
  /** The least time between two drawings, in ms. */
  readonly interval: number;
  /** Take the whole screen, and give back what was on it, instead of standing below it. */
  readonly fullScreen?: boolean;
}

/** The time in which it is drawn again though nothing was reported, so that speeds do not stand still, in ms. */
const heartbeat = 1_000;
/** For a terminal that does not tell its size: what terminals had (VT100). */
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

/** True if lines can be redrawn there. */
export function isTerminal(stream: NodeJS.WriteStream): stream is NodeJS.WriteStream & WriteStream {
  return stream.isTTY === true && process.env.TERM !== "dumb";
}

/**
 * Shows what `frame` returns for the size that the terminal has at the time: at most `rows` lines of at most
 * `columns` columns.
 */
export function openLiveDisplay(
  stream: WriteStream,
  frame: (size: Size) => readonly string[],
  { interval, fullScreen = false }: LiveDisplayOptions,
): LiveDisplay {
  /** What stands on the terminal; undefined while nothing does. The cursor is on the empty row below. */
  let standing: readonly string[] | undefined;
  let hidden = false;
  let lastDrawn = Number.NEGATIVE_INFINITY;
  let timer: NodeJS.Timeout | undefined;
  const rewraps = rewrapsLines();

  const size = (): Size => {
    // Asked for each time: the stream hears of a change only later.
    const [columns, rows] = stream.getWindowSize();
    return { columns: columns || usualSize.columns, rows: rows || usualSize.rows };
  };
  /** What takes the cursor to where the display begins. */
  const toBegin = ({ columns }: Size) => {
    if (fullScreen) return control.home;
    // A terminal that has become narrower has wrapped what stood there.
    const rows = (standing ?? []).map((line) => (rewraps ? rowsOf(line, columns) : 1));
    return `\r${control.up(rows.reduce((sum, count) => sum + count, 0))}`;
  };
  const draw = (lines: readonly string[], at: Size) => {
    const begin = standing === undefined && fullScreen ? control.fullScreenOn : "";
    const body = fullScreen
      ? lines.map((line) => line + control.eraseLine).join("\r\n")
      : lines.map((line) => `${line}${control.eraseLine}\r\n`).join("");
    // One write, so that no half of it is seen.
    stream.write(begin + toBegin(at) + control.wrapOff + body + control.eraseBelow + control.wrapOn);
    standing = lines;
  };
  const redraw = () => {
    clearTimeout(timer);
    timer = undefined;
    if (hidden) return;
    lastDrawn = performance.now();
    const at = size();
    // One column and one row stay free: for the cursor.
    const room = { columns: at.columns - 1, rows: at.rows - (fullScreen ? 0 : 1) };
    draw(frame(room).slice(0, Math.max(0, room.rows)), at);
  };
  const changed = () => {
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
    takeAway();
  };
  const beat = setInterval(changed, heartbeat);
  beat.unref();
  stream.on("resize", changed);
  process.once("exit", close);

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

/** True unless the terminal is one that cuts its lines off when it becomes narrower: xterm and Linux's own. */
function rewrapsLines({ TMUX, XTERM_VERSION, TERM } = process.env): boolean {
  return TMUX !== undefined || (XTERM_VERSION === undefined && TERM !== "linux");
}
