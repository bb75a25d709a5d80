// A job as people read it: where it stands, what it is about, what came of it.
import { parseFailedReason, parseProgress, subjectOf } from "../../jobs/index.js";
import type { ChildCounts, JobRecord } from "../../producer/index.js";
import { hasEnded } from "../../producer/index.js";
import { onOneLine } from "../../terms/index.js";
import { columnsOf, wrap } from "./columns.js";
import { formatBytes, formatDue, formatLocalTime, formatSeconds, formatText } from "./format.js";
import { describeProgress } from "./progress-text.js";
import { type Paint, plainPaint, type Style } from "./surface.js";
import { stateStyle } from "./tables/index.js";

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

type Line = readonly [name: string, value: string, style?: Style | undefined];

/** What a page is shown on. */
interface PageView {
  /** The most columns that a line may take: a longer text goes on in the next one. */
  readonly room: number;
  readonly paint: Paint;
}

/** The characters of a value that are shown; --json has all of them. */
const longest = 300;
/** The lines of a log and the entries of a list that are shown; --json has all of them. */
const mostLogLines = 20;
const mostEntries = 3;

/** @param now in ms since the epoch */
export function jobLines(
  record: JobRecord,
  around: JobSurroundings,
  now: number,
  view: PageView = { room: Number.POSITIVE_INFINITY, paint: plainPaint },
): string[] {
  const { id, queue, name, attempts, state } = record;
  const subject = subjectOf(record);
  return [
    ...drawn(view, "", [
      ["id", onOneLine(id, longest)],
      ["job", onOneLine(name)],
      ...(subject === "" ? [] : [["about", onOneLine(subject, longest)] as const]),
      ["queue", queue],
      ["state", state, stateStyle(state)],
      ...waitLines(record, around, now),
      ...timeLines(record, now),
      ["tries", String(attempts)],
      ...endLines(record),
      ...record.notify.map((callback) => ["callback", callbackText(callback)] as const),
    ]),
    ...section(view, "data", fieldsOf(record.data)),
    ...section(view, "result", record.result === null ? [] : fieldsOf(record.result)),
    ...section(view, "log", logLines(around.log)),
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
    ...(hasEnded(record) || waits.length === 0 ? [] : [["waits", waits.join("; "), "warning"] as const]),
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
  const ago = (at: number) => `, ${span(at, now)} ago`;
  const ran = finishedAt === null || startedAt === null ? "" : `, after ${span(startedAt, finishedAt)}`;
  const runs = finishedAt === null && state === "active" ? `, ${span(startedAt ?? now, now)} ago` : "";
  return [
    ["created", createdAt === 0 ? "?" : `${formatLocalTime(createdAt)}, ${span(createdAt, now)} ago`],
    ...(startedAt === null ? [] : [["begun", `${formatLocalTime(startedAt)}${waited}${runs}`] as const]),
    ...(finishedAt === null
      ? []
      : [["ended", `${formatLocalTime(finishedAt)}${ran}${ago(finishedAt)}`] as const]),
  ];
}

function endLines({ failedReason, state }: JobRecord): Line[] {
  if (failedReason === null || state === "completed") return [];
  const { code, message } = parseFailedReason(failedReason);
  // Of a job that is to be tried again it is the reason of the last try.
  return [
    [hasEnded({ state }) ? "error" : "last error", `${code}: ${message}`, stateStyle(state) ?? "warning"],
  ];
}

function callbackText({ url, state, attempts, lastError }: JobRecord["notify"][number]): string {
  const tries = attempts > 1 ? ` after ${attempts} tries` : "";
  const why = lastError === null ? "" : `, ${onOneLine(lastError, longest)}`;
  return `${onOneLine(url, longest)} ${state}${tries}${why}`;
}

/** The fields of data or a result, each in short. */
function fieldsOf(value: unknown): Line[] {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return [["", textOf("", value)]];
  return Object.entries(value).flatMap(([name, field]): Line[] => {
    const line: Line = [onOneLine(name, 40), textOf(name, field)];
    const faults = Array.isArray(field) ? field.filter(isFault).slice(0, mostEntries) : [];
    return [line, ...faults.map((fault) => ["", faultText(fault), "bad"] as const)];
  });
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "number" && /bytes$/i.test(name)) return formatBytes(value);
  if (typeof value === "number" && name === "durationMs") return formatSeconds(value / 1_000);
  if (Array.isArray(value)) return listText(value);
  if (typeof value === "object" && value !== null) {
    const fields = Object.entries(value).map(([key, field]) => `${key} ${textOf(key, field)}`);
    return onOneLine(fields.join(", "), longest);
  }
  return onOneLine(typeof value === "string" ? value : (JSON.stringify(value) ?? ""), longest);
}

function listText(list: readonly unknown[]): string {
  if (list.length === 0) return "none";
  if (list.length > mostEntries || list.some(isFault)) {
    return `${list.length} ${list.length === 1 ? "entry" : "entries"} (--json lists them)`;
  }
  return onOneLine(list.map((entry) => textOf("", entry)).join(", "), longest);
}

/** What did not succeed of a batch or a list, and why. */
interface Fault {
  readonly id?: unknown;
  readonly name?: unknown;
  readonly code: string;
  readonly message: string;
}

function isFault(value: unknown): value is Fault {
  const { code, message } = (value ?? {}) as Partial<Fault>;
  return typeof code === "string" && typeof message === "string";
}

function faultText({ id, name, code, message }: Fault): string {
  const about = [id, name].find((text) => typeof text === "string") ?? "";
  return onOneLine(`${about} ${code}: ${message}`.trimStart(), longest);
}

/** The last lines of a log. */
function logLines(log: readonly string[]): Line[] {
  const left = log.length - mostLogLines;
  const lines = log.slice(-mostLogLines).map((line): Line => ["", line]);
  return left > 0 ? [["", `${left} earlier lines (--json has them)`, "quiet"], ...lines] : lines;
}

function section(view: PageView, name: string, lines: readonly Line[]): string[] {
  return lines.length === 0 ? [] : ["", view.paint("heading", name), ...drawn(view, "  ", lines)];
}

/** The values in a column behind their names; what is too long for a line goes on below itself. */
function drawn({ room, paint }: PageView, indent: string, lines: readonly Line[]): string[] {
  const shown = lines.map(([name, value, style]) => [formatText(name), formatText(value), style] as const);
  const width = Math.max(0, ...shown.map(([name]) => columnsOf(name)));
  const margin = indent.length + (width === 0 ? 0 : width + 2);
  return shown.flatMap(([name, value, style]) => {
    const blanks = " ".repeat(margin - indent.length - columnsOf(name));
    return wrap(value, Math.max(1, room - margin)).map((part, at) =>
      `${indent}${at === 0 ? name + blanks : " ".repeat(margin - indent.length)}${paint(style, part)}`.trimEnd(),
    );
  });
}
