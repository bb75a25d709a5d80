// A word that a command line may be completed with.

/** A word, and what it is; empty where the word says it all. */
export interface Candidate {
  readonly value: string;
  readonly about: string;
}

/** Words that say it all. */
export function plain(values: readonly string[]): Candidate[] {
  return values.map((value) => ({ value, about: "" }));
}
