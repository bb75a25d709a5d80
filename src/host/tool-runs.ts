// Announces the tools that are run to those who observe this process. Without observers it costs nothing.
import { tracingChannel } from "node:diagnostics_channel";

/** One run of a tool, the same object at its start and at its end. */
export interface ToolRun {
  readonly command: string;
  readonly args: readonly string[];
  /** What an observer adds at the start is in the tool's environment. */
  readonly environment: Record<string, string>;
  /** At the end: the process's number, if there was one. */
  pid?: number | undefined;
  /** At the end: what it failed with, if it did. */
  error?: unknown;
}

/** The channels `tracing:stevedore.tool:start` and `:asyncEnd`; the first publishes within the caller's own context. */
export const toolRuns = tracingChannel<unknown, ToolRun>("stevedore.tool");

/** Announces a run that is about to start. Returns the variables for its environment, and a function to announce its end. */
export function announceRun(command: string, args: readonly string[]) {
  const run: ToolRun = { command, args, environment: {} };
  toolRuns.start.publish(run);
  return {
    environment: run.environment as Readonly<Record<string, string>>,
    ended(pid: number | undefined, error?: unknown): void {
      run.pid = pid;
      run.error = error;
      toolRuns.asyncEnd.publish(run);
    },
  };
}
