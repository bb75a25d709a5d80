// The queues on a terminal: the reason of a failure is seen also where there is little room, and paint takes no columns.
import { describe, expect, it } from "vitest";
import { columnsOf } from "../../../src/cli/terminal/columns.js";
import { type QueuesView, queuesLines } from "../../../src/cli/terminal/queues-view.js";
import type { JobRecord } from "../../../src/producer/index.js";

const counts = {
  ...{ waiting: 1, active: 0, delayed: 0, prioritized: 0, "waiting-children": 0 },
  ...{ completed: 2, failed: 3, cancelled: 1 },
};
const failed = (id: string): JobRecord => ({
  ...{
    id: "j",
    queue: "checksum",
    name: "checksum",
    state: "failed",
    data: { id },
    progress: null,
    result: null,
  },
  ...{
    failedReason: "ATTRIBUTE_UNSUPPORTED: the disk keeps no xattrs",
    attempts: 1,
    createdAt: 1,
    dueAt: null,
  },
  ...{ startedAt: 2, finishedAt: Date.parse("2026-11-30T12:00:00Z"), notify: [] },
});
const view: QueuesView = {
  ...{ title: "graph default", notice: "Redis is away", helpers: undefined, active: [] },
  queues: [{ queue: "checksum", counts, workers: 1, isPaused: true, rate: 2 }],
  listed: { state: "failed", records: [failed("a".repeat(64)), failed(`name-${"b".repeat(100)}/web:1`)] },
};

describe("the failures", () => {
  it.each([
    [40, /^12:00:00 .*ATTRIBUTE_UN/],
    [60, /ATTRIBUTE_UNSUPP/],
    [80, /^2026-11-30T12:00:00 {2}checksum {2}.*ATTRIBUTE_UNSUPPORTED: /],
    [200, /^2026-11-30T12:00:00 {2}checksum {2}.*ATTRIBUTE_UNSUPPORTED: the disk keeps no xattrs$/],
  ])("on %d columns are shown with their reasons", (columns, told) => {
    const lines = queuesLines(view, { columns, rows: 20 });
    for (const line of lines) expect(columnsOf(line)).toBeLessThanOrEqual(columns);
    const records = lines.slice(lines.indexOf("LAST FAILURES") + 1);
    expect(records).toHaveLength(2);
    for (const line of records) expect(line).toMatch(told);
    if (columns >= 80) {
      expect(records[0]).toContain(` ${"a".repeat(12)} `);
      expect(records[1]).toMatch(/ (…|name-)b+\/web:1 /);
    }
  });

  it("are painted, as are headings and what is out of the ordinary", () => {
    const paint = (style: string | undefined, text: string) =>
      style === undefined ? text : `<${style}>${text}</>`;
    const lines = queuesLines(view, { columns: 80, rows: 20 }, paint);
    expect(lines[1]).toBe("<warning>! Redis is away</>");
    expect(lines[3]).toMatch(/^<heading>QUEUE /);
    expect(lines[4]).toMatch(/^<warning>checksum \(paused\) /);
    expect(lines.at(-1)).toMatch(/ {2}<bad>ATTRIBUTE_UNSUPPORTED: .*<\/>$/);
    expect(lines).toContain("<heading>LAST FAILURES</>");
  });
});
