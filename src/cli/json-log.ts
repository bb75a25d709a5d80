// Writes a log as JSON, one object a line: `time`, `level`, `msg`, and what the line is about.
import pino from "pino";
import type { LogFields } from "../worker/index.js";
import { gatherLines } from "./terminal/index.js";

/** Opens a log on a stream, as a rule stderr. */
export function openJsonLog(stream: NodeJS.WritableStream): (text: string, fields?: LogFields) => void {
  const lines = gatherLines((text) => stream.write(text));
  const log = pino(
    {
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    lines,
  );
  return (text, { level, ...about } = {}) => log[level ?? "info"](about, text);
}
