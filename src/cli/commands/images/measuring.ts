// Shows how far the measuring of layers has come, on stderr: a line that is redrawn on a terminal, else one every few seconds.
import type { CommandContext } from "../../run-command.js";
import { isTerminal, openLiveDisplay } from "../../terminal/index.js";

/** How often the line is redrawn at most, and how often a plain one is written elsewhere, in ms. */
const drawInterval = 100;
const plainInterval = 5_000;

/** Runs work that tells how much of it is done; with `quiet` nothing is shown. */
export async function showMeasuring(
  { quiet, tell, setDisplay }: Pick<CommandContext, "quiet" | "tell" | "setDisplay">,
  work: (onMeasured: (done: number, total: number) => void) => Promise<void>,
  stream: NodeJS.WriteStream = process.stderr,
): Promise<void> {
  if (quiet) return work(() => undefined);
  let [done, total] = [0, 0];
  const text = () => `layers measured: ${done} of ${total}`;
  if (!isTerminal(stream)) {
    let next = performance.now() + plainInterval;
    return work((...now) => {
      [done, total] = now;
      if (performance.now() < next) return;
      next = performance.now() + plainInterval;
      tell(text());
    });
  }
  const frame = ({ columns }: { readonly columns: number }) =>
    total === 0 ? [] : [text().slice(0, columns)];
  const display = openLiveDisplay(stream, frame, { interval: drawInterval });
  setDisplay(display);
  try {
    await work((...now) => {
      [done, total] = now;
      display.changed();
    });
  } finally {
    setDisplay(undefined);
    display.close();
  }
}
