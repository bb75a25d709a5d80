// A job as the command line shows it to people.
import { expect, it } from "vitest";
import { columnsOf } from "../../../src/cli/terminal/columns.js";
import { jobLines } from "../../../src/cli/terminal/index.js";
import { stateText } from "../../../src/cli/terminal/tables/index.js";
import type { JobRecord } from "../../../src/producer/index.js";

const now = Date.parse("2026-11-30T12:00:00Z");
const record: JobRecord = {
  ...{ id: "j", queue: "checksum", name: "checksum-graph", state: "waiting", data: {}, progress: null },
  ...{ result: null, failedReason: null, attempts: 0, createdAt: now - 60_000, dueAt: null },
  ...{ startedAt: null, finishedAt: null, notify: [] },
};
const queues = { paused: [], unserved: [], children: new Map() };
const alone = { log: [], children: undefined, isPaused: false, workers: 1 };

it("says what a job waits for", () => {
  const delayed: JobRecord = { ...record, state: "delayed", dueAt: now + 14 * 3_600_000 + 180_000 };
  expect(jobLines(delayed, alone, now)).toContain("waits    due in 14h03m");
  expect(stateText(delayed, queues, now)).toBe("delayed (due in 14h03m)");
  expect(stateText(delayed, { ...queues, paused: ["checksum"] }, now)).toBe(
    "delayed (due in 14h03m, paused)",
  );
  expect(stateText(record, { ...queues, unserved: ["checksum"] }, now)).toBe("waiting (no worker)");
  expect(jobLines({ ...delayed, dueAt: now - 5_000 }, alone, now)).toContain("waits    due 5s ago");
  expect(jobLines(record, { ...alone, isPaused: true, workers: 0 }, now)).toContain(
    "waits    the queue checksum is paused; no worker serves the queue checksum",
  );
});

it("counts the children of a batch, those that were cancelled apart", () => {
  const children = { waiting: 3, active: 1, completed: 5, failed: 0, cancelled: 2 };
  const progress = { phase: "checksum", done: 5, total: 11, unit: "images", bytesDone: 1, bytesTotal: 4 };
  const lines = jobLines({ ...record, state: "waiting-children", progress }, { ...alone, children }, now);
  expect(lines).toContain("children  3 waiting, 1 at work, 5 completed, 2 cancelled");
  expect(lines).toContain("progress  5/11 images 1 B of 4 B");
  const batch: JobRecord = { ...record, state: "waiting-children" };
  expect(stateText({ ...batch, progress }, queues, now)).toBe("waiting-children (5/11 images)");
  const counted = { ...queues, children: new Map([["j", children]]) };
  expect(stateText(batch, counted, now)).toBe("waiting-children (4 of 11 to do)");
  expect(stateText(batch, { ...queues, paused: ["checksum"] }, now)).toBe("waiting-children (paused)");
});

it("shows nothing of a foreign record that moves a terminal, and bounds what it shows", () => {
  const evil = "\u001b[2J\n\u202eevil";
  const lines = jobLines(
    {
      ...{ ...record, id: evil, name: evil, state: "failed", failedReason: evil },
      ...{ data: { [evil]: evil, long: "x".repeat(5_000), ids: Array(1_000).fill("a") }, result: [evil] },
      ...{ createdAt: 0, startedAt: Number.NaN, finishedAt: 8.64e15 * 2 },
    },
    { ...alone, log: [evil] },
    now,
  );
  expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  expect(Math.max(...lines.map(({ length }) => length))).toBeLessThan(400);
  expect(lines).toContainEqual(expect.stringMatching(/^ {2}ids +1000 entries/));
});

it("tells of its callbacks, and why one was not delivered", () => {
  const callback = { url: "https://hooks.example/a?…", events: ["failed" as const], deliveredAt: null };
  const notify = [
    { ...callback, state: "pending" as const, attempts: 3, lastError: "CALLBACK_FAILED: 503\nforged" },
    { ...callback, state: "delivered" as const, attempts: 1, lastError: null },
  ];
  expect(jobLines({ ...record, notify }, alone, now)).toEqual(
    expect.arrayContaining([
      "callback  https://hooks.example/a?… pending after 3 tries, CALLBACK_FAILED: 503\\u000aforged",
      "callback  https://hooks.example/a?… delivered",
    ]),
  );
});

it("fits a terminal: long texts go on below themselves, and the end of the log is shown", () => {
  const long: JobRecord = {
    ...{ ...record, state: "failed", attempts: 3, startedAt: now - 50_000, finishedAt: now - 5_000 },
    failedReason: `NO_SPACE: ${"the disk is full ".repeat(8)}`,
    data: { path: `/srv/${"x".repeat(100)}` },
    result: {
      ...{ images: 3, layerBytes: 2_048, blocks: { total: 3, reused: 1 }, names: ["web:1", "web:2"] },
      failed: [1, 2, 3, 4].map((at) => ({ id: `image-${at}`, code: "NO_SPACE", message: "full" })),
    },
  };
  const log = Array.from({ length: 30 }, (_, at) => `line ${at} ${"日本語".repeat(20)}`);
  const paint = (style: string | undefined, text: string) => (style === "bad" ? text.toUpperCase() : text);
  const lines = jobLines(long, { ...alone, log }, now, { room: 40, paint });
  for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(40);
  const text = lines.join("\n");
  expect(text).toMatch(/^error +NO_SPACE: THE DISK IS FULL THE\n {9}DISK IS FULL/m);
  expect(text).toMatch(/^state +FAILED$/m);
  expect(text).toContain("  blocks      total 3, reused 1\n");
  expect(text).toContain("  layerBytes  2.0 KiB\n");
  expect(text).toContain("  names       web:1, web:2\n");
  expect(text).toMatch(/ {2}failed {6}4 entries \(--json lists\n {14}them\)\n {14}IMAGE-1 NO_SPACE: FULL\n/);
  expect(text).toMatch(/^log\n {2}10 earlier lines \(--json has them\)\n {2}line 10$/m);
});
