// Writes a job's progress into its record, at most four times a second.
import type { Progress } from "../jobs/index.js";

/** The least time between two reports, in ms. */
const interval = 250;

interface ProgressReport {
  /** Takes the job's progress. It is written at once if the last report is 250 ms old, else as soon as that is. */
  report(progress: Progress): void;
  /** Writes the last progress. Nothing is written after this resolves. */
  stop(): Promise<void>;
}

/** Starts the reports of one job. A report that cannot be written is dropped: the next one replaces it. */
export function startProgressReport(write: (progress: Progress) => Promise<void>): ProgressReport {
  let latest: Progress | undefined;
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  const flush = () => {
    timer = undefined;
    if (latest === undefined) return;
    const progress = latest;
    latest = undefined;
    writing = write(progress).catch(() => undefined);
    timer = setTimeout(flush, interval);
  };
  return {
    report(progress) {
      latest = progress;
      if (timer === undefined) flush();
    },
    async stop() {
      clearTimeout(timer);
      await writing;
      if (latest === undefined) return;
      const progress = latest;
      latest = undefined;
      await write(progress).catch(() => undefined);
    },
  };
}
