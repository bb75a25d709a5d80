// A job as people read it: where it stands, what it is about, what came of it.
import { parseFailedReason, parseProgress, subjectOf } from "../../jobs/index.js";
import type { ChildCounts, JobRecord } from "../../producer/index.js";
import { hasEnded } from "../../producer/index.js";
import { onOneLine } from "../../terms/index.js";
import { formatBytes, formatDue, formatSeconds, formatText, formatTime } from "./format.js";
import { describeProgress } from "./progress-text.js";

/** What there is to know of a job besides its record. */
interface JobSurroundings {
  readonly log: readonly string[];
  /** Of a batch. */
  readonly children: ChildCounts | undefined;
  /** Whether its queue is. */
  readonly isPaused: boolean;
  /** How many serve its queue; undefined where it does not matter any more. */
  readonly workers: number | undefined;
}

type Line = readonly [name: string, value: string];

/** The characters of a value that are shown; --json has all of them. */
const longest = 300;

/** @param now in ms since the epoch */
export function jobLines(record: JobRecord, around: JobSurroundings, now: number): string[] {
  const { id, queue, name, attempts } = record;
  const subject = subjectOf(record);
  return [
    ...drawn([
      ["id", onOneLine(id, longest)],
      ["job", onOneLine(name)],
      ...(subject === "" ? [] : [["about", onOneLine(subject, longest)] as const]),
      ["queue", queue],
      ["state", record.state],
      ...waitLines(record, around, now),
      ...timeLines(record, now),
      ["tries", String(attempts)],
      ...endLines(record),
      ...record.notify.map((callback) => ["callback", callbackText(callback)] as const),
    ]),
    ...section("data", fieldsOf(record.data)),
    ...section("result", record.result === null ? [] : fieldsOf(record.result)),
    ...(around.log.length === 0 ? [] : ["", "log", ...around.log.map((line) => `  ${formatText(line)}`)]),
  ];
}

/** What it waits for, and how far it is. */
function waitLines(record: JobRecord, { children, isPaused, workers }: JobSurroundings, now: number): Line[] {
  const { queue, dueAt } = record;
  const progress = parseProgress(record.progress);
  const waits = [
    ...(dueAt === null ? [] : [formatDue(dueAt, now)]),
    ...(isPaused ? [`the queue ${queue} is paused`] : []),
    ...(workers === 0 ? [`no worker serves the queue ${queue}`] : []),
  ];
  return [
    ...(hasEnded(record) || waits.length === 0 ? [] : [["waits", waits.join("; ")] as const]),
    ...(hasEnded(record) || progress === undefined
      ? []
      : [
          [
            "progress",
            describeProgress(progress)
              .filter((part) => part !== "")
              .join(", "),
          ] as const,
        ]),
    ...(children === undefined ? [] : [["children", countsText(children)] as const]),
  ];
}

function countsText({ waiting, active, completed, failed, cancelled }: ChildCounts): string {
  const parts: [number, string][] = [
    ...([
      [waiting, "waiting"],
      [active, "at work"],
      [completed, "completed"],
    ] as [number, string][]),
    ...([
      [failed, "failed"],
      [cancelled, "cancelled"],
    ] as [number, string][]),
  ];
  const told = parts.filter(([count]) => count > 0).map(([count, what]) => `${count} ${what}`);
  return told.length === 0 ? "none" : told.join(", ");
}

function timeLines({ createdAt, startedAt, finishedAt, state }: JobRecord, now: number): Line[] {
  const span = (from: number, to: number) => formatSeconds(Math.max(0, to - from) / 1_000);
  const waited = createdAt === 0 ? "" : `, after ${span(createdAt, startedAt ?? now)}`;
  const ran = finishedAt === null || startedAt === null ? "" : `, after ${span(startedAt, finishedAt)}`;
  const runs = finishedAt === null && state === "active" ? `, ${span(startedAt ?? now, now)} ago` : "";
  return [
    ["created", createdAt === 0 ? "?" : `${formatTime(createdAt)}, ${span(createdAt, now)} ago`],
    ...(startedAt === null ? [] : [["begun", `${formatTime(startedAt)}${waited}${runs}`] as const]),
    ...(finishedAt === null ? [] : [["ended", `${formatTime(finishedAt)}${ran}`] as const]),
  ];
}

function endLines({ failedReason, state }: JobRecord): Line[] {
  if (failedReason === null || state === "completed") return [];
  const { code, message } = parseFailedReason(failedReason);
  // Of a job that is to be tried again it is the reason of the last try.
  return [[hasEnded({ state }) ? "error" : "last error", `${code}: ${message}`]];
}

function callbackText({ url, state, attempts, lastError }: JobRecord["notify"][number]): string {
  const tries = attempts > 1 ? ` after ${attempts} tries` : "";
  const why = lastError === null ? "" : `, ${onOneLine(lastError, longest)}`;
  return `${onOneLine(url, longest)} ${state}${tries}${why}`;
}

/** The fields of data or a result, each in short. */
function fieldsOf(value: unknown): Line[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [["", textOf("", value)]];
  return Object.entries(value).map(([name, field]) => [onOneLine(name, 40), textOf(name, field)]);
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "number" && /bytes$/i.test(name)) return formatBytes(value);
  if (typeof value === "number" && name === "durationMs") return formatSeconds(value / 1_000);
  if (Array.isArray(value) && value.length > 3) return `${value.length} entries (--json lists them)`;
  return onOneLine(typeof value === "string" ? value : (JSON.stringify(value) ?? ""), longest);
}

function section(name: string, lines: readonly Line[]): string[] {
  return lines.length === 0 ? [] : ["", name, ...drawn(lines).map((line) => `  ${line}`)];
}

function drawn(lines: readonly Line[]): string[] {
  const width = Math.max(0, ...lines.map(([name]) => name.length));
  return lines.map(([name, value]) => formatText(`${name.padEnd(width)}  ${value}`.trimEnd()));
}
