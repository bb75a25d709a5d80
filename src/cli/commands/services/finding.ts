// The form of a check of this host or its Redis, and of its result.

/** The result of one check. */
export interface Finding {
  readonly name: string;
  readonly ok: boolean;
  /** Whether the main jobs need it. */
  readonly needed: boolean;
  readonly found: string;
  /** How to fix it; null if there is nothing to fix. */
  readonly fix: string | null;
}

/** A check. */
export interface Check {
  readonly name: string;
  readonly needed: boolean;
  /** Says what it found, or throws what is wrong. */
  readonly probe: () => Promise<string>;
  readonly fix: string | null;
}
