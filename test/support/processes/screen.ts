// A terminal's screen, as xterm's own code draws it, and the built binary on a real pseudo terminal (script(1)).
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import headless from "@xterm/headless";
import { shell } from "./shell.js";
import { binary, plainEnvironment } from "./stevedore.js";

export interface Screen {
  /** Draws what a program has written; resolves when that is done. */
  write(text: string | Uint8Array): Promise<void>;
  /** What is to be seen, without blanks at the ends of lines and empty lines at the end. */
  lines(): string[];
  /** The same with what has scrolled off the top. */
  history(): string[];
  resize(columns: number, rows: number): void;
}

export function openScreen(columns: number, rows: number): Screen {
  const terminal = new headless.Terminal({ cols: columns, rows, scrollback: 10_000, allowProposedApi: true });
  const read = (from: number) => {
    const { active } = terminal.buffer;
    const lines: string[] = [];
    for (let at = from; at < active.length; at++) {
      lines.push(active.getLine(at)?.translateToString(true) ?? "");
    }
    while (lines.at(-1) === "") lines.pop();
    return lines;
  };
  return {
    write: (text) => new Promise((resolve) => terminal.write(text, resolve)),
    lines: () => read(terminal.buffer.active.baseY),
    history: () => read(0),
    resize: (newColumns, newRows) => terminal.resize(newColumns, newRows),
  };
}

/** A command that runs on a terminal. */
export interface OnTerminal {
  /** The process that holds the terminal, script(1). */
  readonly pid: number;
  readonly screen: Screen;
  /** Everything it has written, control sequences included. */
  output(): string;
  /** Resolves when the screen shows this; rejects if the command ends without. */
  shows(pattern: RegExp): Promise<void>;
  /** Types something. */
  type(text: string): void;
  /** Changes the size of the terminal. */
  resize(columns: number, rows: number): Promise<void>;
  /** The exit code, once it has ended and all it wrote is on the screen. */
  readonly ended: Promise<number>;
}

interface TerminalOptions {
  readonly columns: number;
  readonly rows: number;
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts the built binary on a pseudo terminal of that size. */
export function startOnTerminal(args: readonly string[], options: TerminalOptions): OnTerminal {
  return startProgramOnTerminal([process.execPath, binary, ...args], options);
}

/** Starts a program, such as a shell, on a pseudo terminal of that size. */
export function startProgramOnTerminal(
  command: readonly string[],
  { columns, rows, env = {} }: TerminalOptions,
): OnTerminal {
  const screen = openScreen(columns, rows);
  const directory = mkdtempSync(join(tmpdir(), "stevedore-terminal-"));
  const words = command.map((word) => `'${word.replaceAll("'", "'\\''")}'`);
  const line = `stty cols ${columns} rows ${rows}; tty > '${directory}/tty'; echo before; exec ${words.join(" ")}`;
  const { XTERM_VERSION, TMUX, ...environment } = plainEnvironment();
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", line, "/dev/null"], {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...environment, SHELL: "/bin/sh", TERM: "xterm", ...env },
  });
  let output = "";
  let drawn = Promise.resolve();
  child.stdout.on("data", (chunk: Buffer) => {
    output += chunk.toString("latin1");
    drawn = screen.write(chunk);
    drawn.then(() => child.emit("drawn"));
  });
  const ended = once(child, "close").then(async ([code]) => {
    await drawn;
    rmSync(directory, { recursive: true });
    child.emit("drawn");
    return code as number;
  });
  return {
    pid: child.pid ?? 0,
    screen,
    output: () => output,
    ended,
    async shows(pattern) {
      let over = false;
      ended.then(() => {
        over = true;
      });
      while (!pattern.test(screen.lines().join("\n"))) {
        if (over) throw new Error(`ended, and never showed ${pattern}:\n${screen.lines().join("\n")}`);
        await once(child, "drawn");
      }
    },
    type: (text) => void child.stdin.write(text),
    async resize(newColumns, newRows) {
      screen.resize(newColumns, newRows);
      const tty = readFileSync(join(directory, "tty"), "utf8").trim();
      await shell(`stty -F ${tty} cols ${newColumns} rows ${newRows}`);
    },
  };
}
