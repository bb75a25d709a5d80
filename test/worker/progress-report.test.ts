import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Progress } from "../../src/jobs/index.js";
import { startProgressReport } from "../../src/worker/progress-report.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const at = (done: number): Progress => ({ phase: "checksum", done, total: 1_000, unit: "bytes" });

it("is written at once, then at most four times a second, the newest each time", async () => {
  const written: number[] = [];
  const report = startProgressReport(async ({ done }) => void written.push(done));
  for (let done = 0; done < 1_000; done++) {
    report.report(at(done));
    await vi.advanceTimersByTimeAsync(1);
  }
  await report.stop();
  expect(written).toEqual([0, 249, 499, 749, 999]);
});

it("ends with the newest, is not written after it was stopped, and a write that fails is dropped", async () => {
  const written: number[] = [];
  const report = startProgressReport(async ({ done }) => {
    written.push(done);
    throw new Error("Redis is away");
  });
  report.report(at(1));
  report.report(at(2));
  await report.stop();
  await report.stop();
  await vi.runAllTimersAsync();
  expect(written).toEqual([1, 2]);
});
