// Shows how far long work is, on stderr: a bar that is redrawn on a terminal, a line now and then elsewhere.
import type { Progress } from "../jobs/index.js";
import { formatBytes } from "./format.js";

/** How often a plain line is written where there is no terminal, in ms. */
const plainInterval = 5_000;
const barWidth = 24;

export interface ProgressLine {
  /** Shows where a piece of work stands. */
  show(label: string, progress: Progress): void;
  /** Removes the bar, so that other output can follow. */
  clear(): void;
}

/** Starts a progress display; with `quiet` it shows nothing. */
export function startProgressLine(quiet: boolean, stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  if (quiet) return { show: () => {}, clear: () => {} };
  if (stream.isTTY) {
    return {
      show(label, progress) {
        const line = `${bar(progress)} ${label}: ${describe(progress)}`;
        stream.write(`\r\u001b[K${line.slice(0, (stream.columns ?? 80) - 1)}`);
      },
      clear: () => void stream.write("\r\u001b[K"),
    };
  }
  let next = Date.now() + plainInterval;
  return {
    show(label, progress) {
      if (Date.now() < next) return;
      next = Date.now() + plainInterval;
      stream.write(`stevedore: ${label}: ${describe(progress)}\n`);
    },
    clear: () => {},
  };
}

function bar({ done, total }: Progress): string {
  const filled = total === 0 ? 0 : Math.round(Math.min(done / total, 1) * barWidth);
  return `[${"#".repeat(filled)}${" ".repeat(barWidth - filled)}]`;
}

function describe({ phase, done, total, unit }: Progress): string {
  const amount = (value: number) => (unit === "bytes" ? formatBytes(value) : `${value} ${unit}`);
  const percent = total === 0 ? "" : `${Math.floor((done / total) * 100)} % `;
  return `${phase} ${percent}(${amount(done)} of ${amount(total)})`;
}
