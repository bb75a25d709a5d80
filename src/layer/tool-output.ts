// The stdout of a host tool as an async sequence of chunks that ends only if the tool, and whatever
// feeds it, succeeded: nobody can mistake the output of a tool that failed for a whole one.
import type { Writable } from "node:stream";
import type { Tool } from "../host/index.js";
import { start } from "../host/index.js";

export interface ToolOutputOptions {
  /** What the tool reads on stdin; nothing if absent. Must heed `signal` itself. */
  readonly input?: AsyncIterable<Buffer> | undefined;
  /** Whether the tool gets this process's locale instead of `C`. */
  readonly keepLocale?: boolean | undefined;
  /** As for `run`. */
  readonly isBackground?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Runs a tool and yields its stdout, at the reader's pace. The tool starts with the first read. It is
 * killed and awaited if the reader stops early, if `input` fails or if the signal aborts.
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
  // Without its whole input the tool must not come to a regular end: it is killed, not closed.
  const fed = feed(running.stdin, input).catch((error: unknown) => {
    stop.abort();
    throw error;
  });
  // In this order: where the input failed, the tool's own error is only that it was killed.
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

/** Writes `input` at the tool's pace. A tool that has gone is no error here: its exit code tells why. */
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
