// Draws the state of the queues as the lines of a terminal: counts, the jobs at work, the last failures.
import type { AnyQueueName } from "../../jobs/index.js";
import { subjectOf } from "../../jobs/index.js";
import type { JobRecord, JobState, QueueCounts } from "../../producer/index.js";
import { columnsOf, cut, pad } from "./columns.js";
import { formatText, formatTime } from "./format.js";
import type { ActiveJob } from "./job-tally.js";
import type { Size } from "./live-display.js";
import { activeLines } from "./progress-lines.js";

/** What is known of one queue. */
interface QueueView {
  readonly queue: AnyQueueName;
  readonly counts: QueueCounts;
  readonly workers: number;
  /** Jobs that ended, per second; undefined while that is not known. */
  readonly rate: number | undefined;
}

/** What is known of all of them. */
export interface QueuesView {
  readonly title: string;
  /** What the reader must know: that Redis is away. */
  readonly notice: string | undefined;
  readonly queues: readonly QueueView[];
  readonly active: readonly ActiveJob[];
  /** The newest jobs of one state, the newest first. */
  readonly listed: { readonly state: JobState; readonly records: readonly JobRecord[] } | undefined;
}

/** A narrower terminal has no room for the date of a failure. */
const dateFrom = 60;

/** The columns of the table: a heading, a shorter one for a narrow terminal, and the value. */
const table: readonly [string, string, (view: QueueView) => string][] = [
  ["QUEUE", "QUEUE", ({ queue }) => queue],
  // To the reader a job with a priority waits as any other, and a batch whose children are at work is at work.
  ["WAITING", "WAIT", ({ counts }) => String(counts.waiting + counts.prioritized)],
  ["ACTIVE", "ACT", ({ counts }) => String(counts.active + counts["waiting-children"])],
  ["DELAYED", "DEL", ({ counts }) => String(counts.delayed)],
  ["COMPLETED", "DONE", ({ counts }) => String(counts.completed)],
  ["FAILED", "FAIL", ({ counts }) => String(counts.failed)],
  ["JOBS/S", "/S", ({ rate }) => (rate === undefined ? "-" : rate.toFixed(rate < 10 ? 1 : 0))],
  ["WORKERS", "WRK", ({ workers }) => String(workers)],
];

/** The lines, at most `rows` of them, none wider than `columns`. The lists below the table get what room is left. */
export function queuesLines(view: QueuesView, { columns, rows }: Size): string[] {
  const head = [view.title, ...(view.notice === undefined ? [] : [`! ${view.notice}`]), ""]
    .map(formatText)
    .map((line) => cut(line, columns));
  const lines = [...head, ...tableLines(view.queues, columns)];
  const room = () => rows - lines.length;
  const section = (heading: string, content: (rows: number) => string[]) => {
    if (room() >= 3) lines.push("", heading, ...content(room() - 2));
  };
  const { active, listed } = view;
  // The list of the past leaves the larger part to what happens now, if both need it.
  const reserved = listed === undefined ? 0 : Math.min(listed.records.length, 5) + 2;
  if (active.length > 0)
    section("AT WORK", (most) => activeLines(active, { columns, rows: Math.max(1, most - reserved) }));
  if (listed !== undefined && listed.records.length > 0) {
    section(listed.state === "failed" ? "LAST FAILURES" : listed.state.toUpperCase(), (most) =>
      listed.records.slice(0, most).map((record) => cut(recordLine(record, columns), columns)),
    );
  }
  return lines.slice(0, rows);
}

function recordLine(record: JobRecord, columns: number): string {
  const when = formatTime(record.finishedAt ?? record.createdAt);
  const time = columns < dateFrom ? when.slice(11, 19) : when.slice(0, 19);
  const parts = [time, record.name, subjectOf(record), record.failedReason ?? ""];
  return formatText(parts.filter((part) => part !== "").join("  "));
}

function tableLines(queues: readonly QueueView[], columns: number): string[] {
  const draw = (heading: 0 | 1, gap: string) => {
    const rows = [
      table.map((column) => column[heading]),
      ...queues.map((view) => table.map(([, , of]) => of(view))),
    ];
    const widths = table.map((_, at) => Math.max(...rows.map((row) => columnsOf(row[at] ?? ""))));
    return rows.map((row) =>
      row.map((cell, at) => pad(cell, widths[at] ?? 0, at === 0 ? "left" : "right")).join(gap),
    );
  };
  const wide = draw(0, "  ");
  return (columnsOf(wide[0] ?? "") <= columns ? wide : draw(1, " ")).map((line) => cut(line, columns));
}
