// How a worker tells of what happens.

/** What a line is about, for whoever reads logs by machine. */
export interface LogFields {
  /** Default: `info`. */
  readonly level?: "warn" | "error" | undefined;
  /** A job's id, and its queue and name. */
  readonly job?: string | undefined;
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  /** What the worker's host is called. */
  readonly host?: string | undefined;
}

/** Tells of something in a line. */
export type Log = (line: string, fields?: LogFields) => void;
