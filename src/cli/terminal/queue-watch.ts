// What `jobs --watch` passes to its two ways of showing the queues: on a terminal, and line by line.
import type { JobState, Producer, QueueEvent } from "../../producer/index.js";
import type { CommandContext } from "../run-command.js";

/** The input of both. */
export interface QueueWatch {
  readonly context: CommandContext;
  readonly producer: Producer;
  /** The events from now on. */
  readonly events: AsyncGenerator<readonly QueueEvent[], void>;
  /** Only jobs in this state. */
  readonly state: JobState | undefined;
  /** Where Redis is, for people. */
  readonly address: string;
  /** To be called when the present state was read; returns a notice for the reader, if there is one. */
  begun(): Promise<string | undefined>;
  /** The notice for a Redis that is away. */
  readonly away: (error: Error | undefined) => string;
  /** Aborted when the command is stopped, or its reader has left. */
  readonly signal: AbortSignal;
}
