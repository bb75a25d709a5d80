import { describe, expect, it } from "vitest";
import { openTrySignals } from "../../src/worker/try-signals.js";

function openSignals() {
  const worker = { cancelJob: (_id: string, _reason?: string): boolean => false, cancelAllJobs() {} };
  return { worker, signals: openTrySignals(worker) };
}

describe("the signal of a try", () => {
  it("is aborted once, with its reason, whether it was asked for before or after", () => {
    const { worker, signals } = openSignals();
    using early = signals.begin("1");
    using late = signals.begin("2");
    const { signal } = early;
    expect([signal.aborted, early.reason, late.reason]).toEqual([false, undefined, undefined]);
    for (const id of ["1", "2"]) expect(worker.cancelJob(id, "cancelled")).toBe(true);
    expect(worker.cancelJob("1", "lock lost")).toBe(true);
    for (const one of [early, late]) {
      expect([one.reason, one.signal.aborted, one.signal.reason]).toEqual(["cancelled", true, "cancelled"]);
    }
    expect(early.signal).toBe(signal);
  });

  it("is that of its own try alone, though the job was taken up twice", () => {
    const { worker, signals } = openSignals();
    const first = signals.begin("1");
    using second = signals.begin("1");
    first[Symbol.dispose]();
    expect(worker.cancelJob("1", "cancelled")).toBe(true);
    expect([first.reason, second.reason]).toEqual([undefined, "cancelled"]);
  });

  it("is out of reach once its try is over", () => {
    const { worker, signals } = openSignals();
    const ended = signals.begin("1");
    ended[Symbol.dispose]();
    using running = signals.begin("2");
    expect(worker.cancelJob("1", "cancelled")).toBe(false);
    (worker as { cancelAllJobs(reason?: string): void }).cancelAllJobs("shutdown");
    expect([ended.signal.aborted, running.signal.reason]).toEqual([false, "shutdown"]);
  });
});
