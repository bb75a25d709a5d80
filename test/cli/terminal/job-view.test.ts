// A job as the command line shows it to people.
import { expect, it } from "vitest";
import { jobLines } from "../../../src/cli/terminal/index.js";
import type { JobRecord } from "../../../src/producer/index.js";

const now = Date.parse("2026-11-30T12:00:00Z");
const record: JobRecord = {
  ...{ id: "j", queue: "checksum", name: "checksum-graph", state: "waiting", data: {}, progress: null },
  ...{ result: null, failedReason: null, attempts: 0, createdAt: now - 60_000, dueAt: null },
  ...{ startedAt: null, finishedAt: null, notify: [] },
};
const alone = { log: [], children: undefined, isPaused: false, workers: 1 };

it("says what a job waits for", () => {
  const delayed: JobRecord = { ...record, state: "delayed", dueAt: now + 14 * 3_600_000 + 180_000 };
  expect(jobLines(delayed, alone, now)).toContain("waits    due in 14h03m");
  expect(jobRow(delayed, [], now)[3]).toBe("delayed (due in 14h03m)");
  expect(jobRow(delayed, ["checksum"], now)[3]).toBe("delayed (due in 14h03m, paused)");
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
