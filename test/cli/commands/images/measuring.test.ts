import { expect, it } from "vitest";
import { showMeasuring } from "../../../../src/cli/commands/images/measuring.js";

const terminal = (isTTY: boolean, written: string[]) =>
  ({
    ...{ isTTY, columns: 30, rows: 10, on: () => undefined, off: () => undefined },
    write(text: string) {
      written.push(text);
      return true;
    },
  }) as unknown as NodeJS.WriteStream;

it("is a line on a terminal, which is gone in the end; elsewhere and with --quiet nothing so soon", async () => {
  process.env.TERM = "xterm";
  for (const [isTTY, quiet] of [
    [true, false],
    [false, false],
    [true, true],
  ] as const) {
    const written: string[] = [];
    const displays: unknown[] = [];
    const context = {
      quiet,
      tell: (line: string) => written.push(line),
      setDisplay: (display: unknown) => displays.push(display),
    };
    await showMeasuring(
      context,
      async (onMeasured) => {
        for (let done = 1; done <= 3; done++) onMeasured(done, 3);
      },
      terminal(isTTY, written),
    );
    const isShown = isTTY && !quiet;
    expect(written.join("").includes("layers measured: ")).toBe(isShown);
    expect(displays.at(-1)).toBeUndefined();
    expect(displays).toHaveLength(isShown ? 2 : 0);
  }
});
