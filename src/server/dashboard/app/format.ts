// How values look on the pages: sizes, times and names, each in one way.
import { formatBytes, formatSeconds } from "../../../terms/index.js";

export { formatBytes, formatSeconds };

const none = "–";

/** `12.3 MiB/s`. */
export function formatRate(bytesPerSecond: number | null | undefined): string {
  return bytesPerSecond === null || bytesPerSecond === undefined
    ? none
    : `${formatBytes(Math.round(bytesPerSecond))}/s`;
}

/** A size that may not be known. */
export function formatSize(bytes: number | null | undefined): string {
  return bytes === null || bytes === undefined ? none : formatBytes(bytes);
}

/** How long something took. @param ms */
export function formatDuration(ms: number): string {
  return ms < 1_000
    ? `${Math.round(ms)} ms`
    : ms < 60_000
      ? `${(ms / 1_000).toFixed(1)} s`
      : formatSeconds(ms / 1_000);
}

/** A whole number with its thousands apart. */
export function formatCount(count: number): string {
  return count.toLocaleString("en-GB");
}

/** A moment in the reader's own time zone, to the second. @param ms since the epoch */
export function formatTime(ms: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return "?";
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}

/** How long ago, or in how long: `4m10s ago`, `in 2h05m`. @param ms of time passed; negative for what is to come */
export function formatAge(ms: number): string {
  if (Math.abs(ms) < 1_000) return "now";
  const time = formatSeconds(Math.floor(Math.abs(ms) / 1_000));
  return ms > 0 ? `${time} ago` : `in ${time}`;
}

/** An id as it is shown where there is little room: Docker's own first twelve. */
export function shortId(id: string): string {
  return /^[0-9a-f]{16,}$/.test(id) ? id.slice(0, 12) : id;
}

/** A text with the ids in it as they are shown where there is little room. */
export function shortenIds(text: string): string {
  return text.replace(/\b[0-9a-f]{64}\b/g, shortId);
}

/** `1 job`, `2 jobs`. @param many where it is not the word with an s */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}
