// The stdout of a program as a sequence of chunks. The sequence ends only if the program and its input succeeded, so
// that nobody takes the output of a failed program for a whole one.
import type { Writable } from "node:stream";
import type { Tool } from "../host/index.js";
import { start } from "../host/index.js";

export interface ToolOutputOptions {
  /** What the tool reads on stdin; nothing if absent. It must itself fail when `signal` aborts. */
  readonly input?: AsyncIterable<Buffer> | undefined;
  /** Whether the tool gets this process's locale instead of `C`. */
  readonly keepLocale?: boolean | undefined;
  /** As for `run`. */
  readonly isBackground?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a tool and yields its stdout, at the reader's pace. The tool starts with the first read. If the reader stops
 * early, `input` fails or the signal aborts, the tool is killed, and its end is awaited.
 * @throws the error of `input`, or that of the tool: `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, `INTERNAL`.
 */
export async function* toolOutput(
  tool: Tool,
  args: readonly string[],
  { input, keepLocale, isBackground, signal }: ToolOutputOptions = {},
): AsyncGenerator<Buffer, void, undefined> {
  const stop = new AbortController();
  const running = start(tool, args, {
    keepLocale,
    isBackground,
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
  });
  // A tool whose input broke off is killed: if its stdin were closed it would end as if that were all.
  const fed = feed(running.stdin, input).catch((error: unknown) => {
    stop.abort();
    throw error;
  });
  // `fed` comes first: where the input failed, the tool's own error says only that it was killed.
  const outcome = Promise.all([fed, running.done]);
  outcome.catch(() => undefined);
  try {
    yield* running.stdout;
    await outcome;
  } finally {
    stop.abort();
    await Promise.allSettled([fed, running.done]);
  }
}

/** Writes `input` at the tool's pace. That the tool has ended is not an error here: its exit code tells why. */
async function feed(stdin: Writable, input: AsyncIterable<Buffer> | undefined): Promise<void> {
  if (input !== undefined) {
    for await (const chunk of input) {
      if (!stdin.writable) return;
      if (!stdin.write(chunk)) await drainedOrClosed(stdin);
    }
  }
  stdin.end();
}

function drainedOrClosed(stdin: Writable): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      stdin.off("drain", settle).off("close", settle);
      resolve();
    };
    stdin.on("drain", settle).on("close", settle);
  });
}
