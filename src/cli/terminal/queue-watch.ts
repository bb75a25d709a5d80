// What `jobs --watch` hands to the two ways of showing the queues: on a terminal, and line by line.
import type { JobState, Producer, QueueEvent } from "../../producer/index.js";
import type { CommandContext } from "../run-command.js";

/** What a way of showing the queues works with. */
export interface QueueWatch {
  readonly context: CommandContext;
  readonly producer: Producer;
  /** What happens from now on. */
  readonly events: AsyncGenerator<readonly QueueEvent[], void>;
  /** Only jobs in this state. */
  readonly state: JobState | undefined;
  /** Where Redis is, for people. */
  readonly address: string;
  /** To be called once the present state was read; returns what the reader must know. */
  begun(): Promise<string | undefined>;
  /** What to tell of a Redis that went away. */
  readonly away: (error: Error | undefined) => string;
  /** Aborts when the command is told to stop, or its reader has left. */
  readonly signal: AbortSignal;
}
