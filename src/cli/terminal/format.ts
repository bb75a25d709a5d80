// Formats values for text output.
import { formatBytes, formatSeconds } from "../../terms/index.js";

export { formatBytes, formatSeconds };

/** No text of `formatBytes` is wider: `1023.9 MiB`. */
export const bytesWidth = 10;

/**
 * Makes foreign text (comments, names, errors) safe for a terminal: characters that would move the cursor, break the line
 * or turn the direction of writing are escaped.
 */
export function formatText(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    return hex.length > 2 ? `\\u${hex.padStart(4, "0")}` : `\\x${hex.padStart(2, "0")}`;
  });
}

/**
 * A time in ms since the epoch as ISO 8601; `?` if it is not a valid time, because whoever enqueued the job chose it, or 0,
 * which stands for one that is not known.
 */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) || ms === 0 ? "?" : time.toISOString();
}

/** The same on the clock of this host, with its distance from UTC: `2026-11-30 13:00:05+01:00`. */
export function formatLocalTime(ms: number): string {
  if (formatTime(ms) === "?") return "?";
  const minutes = -new Date(ms).getTimezoneOffset();
  const local = new Date(ms + minutes * 60_000).toISOString().slice(0, 19).replace("T", " ");
  const two = (value: number) => String(Math.floor(Math.abs(value))).padStart(2, "0");
  return `${local}${minutes < 0 ? "-" : "+"}${two(minutes / 60)}:${two(minutes % 60)}`;
}

/**
 * How long ago a time in ms since the epoch was, as `kubectl` tells it: `42s`, `59m`, `47h`, `729d`, `13y`; one to come
 * with a `+`. `-` if it is not known, for which Docker and reproducible builds write the year 1 and the epoch.
 */
export function formatAge(ms: number, now: number): string {
  if (!(ms > 0)) return "-";
  const seconds = Math.floor(Math.abs(now - ms) / 1_000);
  const sign = ms > now && seconds > 0 ? "+" : "";
  if (seconds < 60) return `${sign}${seconds}s`;
  if (seconds < 3_600) return `${sign}${Math.floor(seconds / 60)}m`;
  const hours = Math.floor(seconds / 3_600);
  if (hours < 48) return `${sign}${hours}h`;
  const days = Math.floor(hours / 24);
  return days < 730 ? `${sign}${days}d` : `${sign}${Math.floor(days / 365)}y`;
}

/** When a delayed job is due: `due in 14h03m`, `due 5m10s ago`. Both in ms since the epoch. */
export function formatDue(dueAt: number, now: number): string {
  const left = dueAt - now;
  return left > 0 ? `due in ${formatSeconds(left / 1_000)}` : `due ${formatSeconds(-left / 1_000)} ago`;
}

/** A line for each queue that is paused: nothing else tells why its jobs wait. */
export function pausedLines(queues: readonly string[]): string[] {
  return queues.map((queue) => `the queue ${queue} is paused: its jobs wait`);
}

/** A document as lines of indented JSON that are safe for a terminal. */
export function formatJson(document: unknown): string[] {
  return JSON.stringify(document, null, 2).split("\n").map(formatText);
}
