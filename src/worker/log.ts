// The form of a worker's log.

/** What a line is about, for logs that machines read. */
export interface LogFields {
  /** Default: `info`. */
  readonly level?: "warn" | "error" | undefined;
  /** A job's id, and its queue and name. */
  readonly job?: string | undefined;
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  /** The name of the worker's host. */
  readonly host?: string | undefined;
}

/** Writes a line. */
export type Log = (line: string, fields?: LogFields) => void;
