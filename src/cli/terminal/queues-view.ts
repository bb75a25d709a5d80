// Draws the state of the queues as lines of a terminal: counts, active jobs, the last failures.
import type { AnyQueueName } from "../../jobs/index.js";
import type { Compressors, JobRecord, JobState, QueueCounts } from "../../producer/index.js";
import { columnsOf, cut, pad } from "./columns.js";
import { formatText, formatTime } from "./format.js";
import type { ActiveJob } from "./job-tally.js";
import type { Size } from "./live-display.js";
import { activeLines } from "./progress-lines.js";
import { type Paint, plainPaint } from "./surface.js";
import { openTable, shortSubject, stateStyle } from "./tables/index.js";

/** The state of one queue. */
interface QueueView {
  readonly queue: AnyQueueName;
  readonly counts: QueueCounts;
  readonly workers: number;
  readonly isPaused: boolean;
  /** Ended jobs per second; undefined while it is not known. */
  readonly rate: number | undefined;
}

/** The state of all queues. */
export interface QueuesView {
  readonly title: string;
  /** A notice for the reader, such as that Redis is away. */
  readonly notice: string | undefined;
  readonly queues: readonly QueueView[];
  /** Who helps to compress. */
  readonly helpers: Compressors | undefined;
  readonly active: readonly ActiveJob[];
  /** The newest jobs of one state, the newest first. */
  readonly listed: { readonly state: JobState; readonly records: readonly JobRecord[] } | undefined;
}

/** On a terminal with fewer columns, times are shown without their dates. */
const dateFrom = 80;
const gap = "  ";

/** The columns of the table: a heading, a shorter one for a narrow terminal, and the value. */
const table: readonly [string, string, (view: QueueView) => string][] = [
  ["QUEUE", "QUEUE", ({ queue, isPaused }) => (isPaused ? `${queue} (paused)` : queue)],
  // For the reader, a job with a priority waits like any other, and a batch that waits for its children is active.
  ["WAITING", "WAIT", ({ counts }) => String(counts.waiting + counts.prioritized)],
  ["ACTIVE", "ACT", ({ counts }) => String(counts.active + counts["waiting-children"])],
  ["DELAYED", "DEL", ({ counts }) => String(counts.delayed)],
  ["COMPLETED", "DONE", ({ counts }) => String(counts.completed)],
  ["FAILED", "FAIL", ({ counts }) => String(counts.failed)],
  ["JOBS/S", "/S", ({ rate }) => (rate === undefined ? "-" : rate.toFixed(rate < 10 ? 1 : 0))],
  ["WORKERS", "WRK", ({ workers }) => String(workers)],
];

/** A column that is there once a job was cancelled; the last, so that little room takes nothing else away. */
const cancelledColumn: (typeof table)[number] = [
  "CANCELLED",
  "CANC",
  ({ counts }) => String(counts.cancelled),
];

/** Draws at most `rows` lines, none wider than `columns`. The lists below the table get the room that is left. */
export function queuesLines(view: QueuesView, { columns, rows }: Size, paint: Paint = plainPaint): string[] {
  const fitted = (line: string) => cut(formatText(line), columns);
  const notice = view.notice === undefined ? [] : [paint("warning", fitted(`! ${view.notice}`))];
  const head = [fitted(view.title), ...notice, ""];
  const helpers = helpersLine(view.helpers);
  const lines = [
    ...head,
    ...tableLines(view.queues, columns, paint),
    ...(helpers === undefined ? [] : [fitted(helpers)]),
  ];
  const room = () => rows - lines.length;
  const section = (heading: string, content: (rows: number) => string[]) => {
    if (room() >= 3) lines.push("", paint("heading", heading), ...content(room() - 2));
  };
  const { active, listed } = view;
  // If room is short, most of it goes to the active jobs.
  const reserved = listed === undefined ? 0 : Math.min(listed.records.length, 5) + 2;
  if (active.length > 0)
    section("AT WORK", (most) => activeLines(active, { columns, rows: Math.max(1, most - reserved) }));
  if (listed !== undefined && listed.records.length > 0) {
    section(listed.state === "failed" ? "LAST FAILURES" : listed.state.toUpperCase(), (most) =>
      recordLines(listed.records.slice(0, most), columns, paint),
    );
  }
  return lines.slice(0, rows);
}

/** Undefined where there is nothing to tell: most graphs have no compressors. */
function helpersLine(helpers: Compressors | undefined): string | undefined {
  if (helpers === undefined) return undefined;
  const { compressors, blocks } = helpers;
  if (compressors.length + blocks.waiting + blocks.active === 0) return undefined;
  const sum = (of: "busy" | "total") => compressors.reduce((all, { slots }) => all + slots[of], 0);
  const refused = compressors.filter(({ refusal }) => refusal !== null).length;
  const parts = [
    `compressors ${compressors.length}`,
    `slots ${sum("busy")}/${sum("total")}`,
    `blocks waiting ${blocks.waiting}`,
    ...(refused === 0 ? [] : [`shut out ${refused}`]),
  ];
  return parts.join("  ");
}

/** The reason of a failure stays to be seen where there is little room: what the job is about is cut first. */
function recordLines(records: readonly JobRecord[], columns: number, paint: Paint): string[] {
  const timeOf = (record: JobRecord) => {
    const when = formatTime(record.finishedAt ?? record.createdAt);
    return columns < dateFrom ? when.slice(11, 19) : when.slice(0, 19);
  };
  const { line } = openTable<JobRecord>(
    [
      { heading: "", cell: timeOf },
      { heading: "", cell: ({ name }) => name, least: 8 },
      { heading: "", cell: (job) => shortSubject(job), least: 6, cutOff: "start", rank: 1 },
      {
        ...{ heading: "", cell: ({ failedReason }) => failedReason ?? "", least: 14 },
        style: ({ state }) => stateStyle(state),
      },
    ],
    { room: columns, paint, isWhole: false, now: 0 },
    records,
  );
  return records.map(line);
}

function tableLines(queues: readonly QueueView[], columns: number, paint: Paint): string[] {
  const isCancelled = queues.some(({ counts }) => counts.cancelled > 0);
  const shown = isCancelled ? [...table, cancelledColumn] : table;
  const draw = (heading: 0 | 1, between: string) => {
    const rows = [
      shown.map((column) => column[heading]),
      ...queues.map((view) => shown.map(([, , of]) => of(view))),
    ];
    const widths = shown.map((_, at) => Math.max(...rows.map((row) => columnsOf(row[at] ?? ""))));
    return rows.map((row) =>
      row.map((cell, at) => pad(cell, widths[at] ?? 0, at === 0 ? "left" : "right")).join(between),
    );
  };
  const wide = draw(0, gap);
  const lines = columnsOf(wide[0] ?? "") <= columns ? wide : draw(1, " ");
  return lines.map((line, at) => {
    const style = at === 0 ? "heading" : queues[at - 1]?.isPaused ? "warning" : undefined;
    return paint(style, cut(line, columns));
  });
}
