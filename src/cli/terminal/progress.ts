// Shows the progress of jobs on stderr: lines that are redrawn on a terminal, else a line every few seconds.
import type { JobUpdate } from "../../producer/index.js";
import type { CommandContext } from "../run-command.js";
import { openJobTally, type TalliedJob } from "./job-tally.js";
import { openLayerLog } from "./layer-lines.js";
import { progressSentence } from "./progress-text.js";

/** How often lines are redrawn on a terminal at most, and how often a plain line is written elsewhere, in ms. */
const drawInterval = 100;
const plainInterval = 5_000;

interface JobsProgress {
  /** Takes an update of the job at this index. */
  update(index: number, update: JobUpdate): void;
  /** Removes it, so that the result stands alone. */
  close(): void;
}

/** Starts to show these jobs, by image ids as a rule; with `quiet` it shows nothing. */
export async function startProgress(
  jobs: readonly TalliedJob[],
  { quiet, tell, setDisplay }: CommandContext,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<JobsProgress> {
  if (quiet) return { update: () => {}, close: () => {} };
  const tally = openJobTally(jobs);
  const label = jobs[0]?.label ?? "";
  const now = () => performance.now();
  const { isTerminal, openLiveDisplay } = await import("./live-display.js");
  if (isTerminal(stream)) {
    const { progressLines } = await import("./progress-lines.js");
    const frame = (size: Parameters<typeof progressLines>[2]) =>
      progressLines(label, tally.view(now()), size);
    const display = openLiveDisplay(stream, frame, { interval: drawInterval });
    setDisplay(display);
    return {
      update(index, update) {
        tally.update(index, update, now());
        display.changed();
      },
      close() {
        setDisplay(undefined);
        display.close();
      },
    };
  }
  const layerLog = openLayerLog();
  let next = now() + plainInterval;
  let begun = false;
  return {
    update(index, update) {
      tally.update(index, update, now());
      for (const line of layerLog(update.progress?.layers ?? [])) tell(`${label}: ${line}`);
      if (now() < next) return;
      next = now() + plainInterval;
      begun = true;
      tell(progressSentence(label, tally.view(now())));
    },
    close() {
      if (begun) tell(progressSentence(label, tally.view(now())));
    },
  };
}
