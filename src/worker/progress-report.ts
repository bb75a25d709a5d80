// Progress goes into the job record at most four times a second.
import type { Progress } from "../jobs/index.js";

/** The least time between two reports, in ms. */
const interval = 250;

interface ProgressReport {
  /** Notes where the job stands; writes it now if the last report is old enough, else when it is. */
  report(progress: Progress): void;
  /** Writes what was noted last, and ends it: nothing is written after this resolves. */
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
