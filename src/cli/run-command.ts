// What every command has in common: the global flags, signals, and how a result or an error becomes output and exit code.
import { inspect } from "node:util";
import { type Command, InvalidArgumentError } from "commander";
import type { JobOptions, Notify } from "../jobs/index.js";
import {
  durationRule,
  type ErrorCode,
  failureOf,
  type NotifyEvent,
  readDuration,
  StevedoreError,
} from "../terms/index.js";
import type { LogFields } from "../worker/index.js";
import { type Config, readConfig } from "./config.js";
import type { LogFormat } from "./log-format.js";
import { type ColorChoice, type Output, openOutput, type Paint, paintFor, roomOf } from "./terminal/index.js";

/** The global flags. */
interface GlobalFlags {
  readonly root?: string;
  readonly redis?: string;
  /** The last counts, except for a command that takes several. */
  readonly graph?: string[];
  /** Of commands that have this flag. */
  readonly host?: string;
  /** Of commands that have these flags. */
  readonly priority?: number;
  readonly delay?: number;
  readonly json?: boolean;
  readonly color?: ColorChoice;
  /** Of commands that list, where `json` stands for `--json`; others have formats of their own. */
  readonly format?: string;
  readonly quiet?: boolean;
  readonly verbose?: boolean;
  /** Of commands that have this flag. */
  readonly logFormat?: LogFormat;
  /** Of commands that enqueue jobs. */
  readonly notify?: string;
  readonly notifyEvents?: NotifyEvent[];
}

/** What a command works with. */
export interface CommandContext extends Output {
  readonly config: Config;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  /** The columns that a line on stdout may take. */
  readonly room: number;
  /** Paints what is printed on stdout. */
  readonly paint: Paint;
  /** Those of `--priority`, `--delay` and `--notify`, for the jobs that the command enqueues. */
  readonly jobOptions: JobOptions;
  /** Aborted by Ctrl-C or SIGTERM. */
  readonly signal: AbortSignal;
  /** Aborted by a second signal. A third one ends the process. */
  readonly hurry: AbortSignal;
  /** Writes a line to stderr as `warn` does, unless `--quiet`. */
  tell(line: string, fields?: LogFields): void;
}

/** The exit codes of all commands. */
export const exitCodes = { done: 0, failed: 1, usage: 2, shutOut: 3, interrupted: 130 } as const;

/** What each of them says, as the help tells it. */
export const exitCodeMeanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  done: "all was done as it was asked for",
  failed: "something failed, in whole or in part, or was answered with no",
  usage: "wrong usage: nothing was done",
  shutOut: "a compressor was shut out, for it made other bytes",
  interrupted: "ended by Ctrl-C or SIGTERM",
};

/** A failure that the command has already reported in its result. */
export class ReportedFailure extends Error {
  readonly exitCode: number;
  constructor(exitCode: number = exitCodes.failed) {
    super();
    this.exitCode = exitCode;
  }
}

/** Wrong usage that the argument parser cannot detect. */
export function wrongUsage(message: string): StevedoreError {
  return new StevedoreError("INVALID_OPTION", message);
}

/**
 * Makes the action of a command: `run` gets the context, the command's own flags and its arguments. The action sets the
 * process's exit code, and never throws.
 */
export function action<Flags extends object>(
  run: (context: CommandContext, flags: Flags, ...args: never[]) => Promise<void>,
) {
  return async (...parameters: unknown[]) => {
    const command = parameters.at(-1) as Command;
    const args = parameters.slice(0, -2) as never[];
    const flags = command.optsWithGlobals<Flags & GlobalFlags>();
    const { verbose = false, color = "auto", logFormat } = flags;
    const json = flags.json === true || flags.format === "json";
    const interrupt = new AbortController();
    const log =
      logFormat === "json" ? (await import("./json-log.js")).openJsonLog(process.stderr) : undefined;
    const output = openOutput(json, interrupt.signal, log, paintFor(process.stderr, json ? "never" : color));
    const hurry = new AbortController();
    const onSignal = () => {
      if (hurry.signal.aborted) process.exit(exitCodes.interrupted);
      if (interrupt.signal.aborted) hurry.abort();
      interrupt.abort(new StevedoreError("CANCELLED", "interrupted"));
    };
    for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, onSignal);
    try {
      await run(contextOf({ ...flags, json }, output, interrupt.signal, hurry.signal), flags, ...args);
      process.exitCode ??= exitCodes.done;
    } catch (error) {
      process.exitCode = showError(error, { output, verbose, interrupted: interrupt.signal.aborted });
    } finally {
      for (const name of ["SIGINT", "SIGTERM"] as const) process.off(name, onSignal);
    }
  };
}

/** A parser for an option that takes a whole number of at least `least`, and at most `most`. */
export function wholeNumber(least: number, most = Number.MAX_SAFE_INTEGER) {
  return (text: string): number => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least || value > most) {
      const end = most === Number.MAX_SAFE_INTEGER ? "" : `, and at most ${most}`;
      throw new InvalidArgumentError(`It takes a whole number of at least ${least}${end}.`);
    }
    return value;
  };
}

/** A parser for an option that takes a time, which it returns in ms. */
export function duration(text: string): number {
  const ms = readDuration(text);
  if (ms === undefined) throw new InvalidArgumentError(`It takes ${durationRule}.`);
  return ms;
}

/** A parser for an option that may be given several times. */
export function several(value: string, earlier: readonly string[] | undefined): string[] {
  return [...(earlier ?? []), value];
}

function contextOf(
  flags: GlobalFlags,
  output: Output,
  signal: AbortSignal,
  hurry: AbortSignal,
): CommandContext {
  const { json = false, quiet = false, verbose = false, color = "auto", priority, delay } = flags;
  return {
    config: readConfig(flags),
    json,
    quiet,
    verbose,
    room: roomOf(process.stdout),
    paint: paintFor(process.stdout, json ? "never" : color),
    jobOptions: {
      ...(priority === undefined ? {} : { priority }),
      ...(delay === undefined ? {} : { delayMs: delay }),
      ...notifyOf(flags),
    },
    signal,
    hurry,
    ...output,
    tell(line, fields) {
      if (!quiet) output.warn(line, fields);
    },
  };
}

/** @throws `INVALID_OPTION` for events without a URL */
function notifyOf({ notify: url, notifyEvents: events }: GlobalFlags): { readonly notify?: Notify } {
  if (url === undefined && events === undefined) return {};
  if (url === undefined) throw wrongUsage("--notify-events takes --notify");
  return { notify: { url, ...(events === undefined ? {} : { events }) } };
}

/** Reports an error. @returns the exit code */
function showError(
  error: unknown,
  { output, verbose, interrupted }: { output: Output; verbose: boolean; interrupted: boolean },
): number {
  if (error instanceof ReportedFailure) return error.exitCode;
  const show = (code: ErrorCode, message: string, line = `${code}: ${message}`) => {
    output.warn(line, { level: "error" });
    if (verbose && error instanceof Error) output.warn(inspect(error), { level: "error" });
    output.print(errorDocument(code, message), []);
  };
  if (interrupted) {
    show("CANCELLED", "interrupted", "interrupted");
    return exitCodes.interrupted;
  }
  const { code, message } = failureOf(error);
  show(code, message);
  return code === "INVALID_OPTION" ? exitCodes.usage : exitCodes.failed;
}

/** The document that `--json` prints for an error. */
export function errorDocument(code: ErrorCode, message: string) {
  return { error: { code, message } };
}
