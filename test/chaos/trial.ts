// What all trials have in common: how they are asked for, and what they tell of themselves.
import type { SeededRandom } from "../support/seeded-random.js";
import type { Content } from "./contents.js";

export interface TrialContext {
  /** A directory of the trial's own. */
  readonly directory: string;
  readonly contents: readonly Content[];
  /** Where the contents lie. */
  readonly sources: string;
  readonly random: SeededRandom;
  /** How many rounds, at most. */
  readonly rounds: number;
  /** How many processes of it are killed, or hang, at least; then the number of rounds does not count. */
  readonly kills?: number | undefined;
  /** How long an outage may be, in s. */
  readonly longest: number;
  /** Told, in a line, of what is done to whom. */
  readonly log: (line: string) => void;
  /** True once the time is up: the round that is under way is the last. */
  isOver(): boolean;
}

export interface TrialReport {
  /** What was done, by kind: `killed worker` and the like. */
  readonly deeds: ReadonlyMap<string, number>;
  /** What else was counted, of the jobs, say. */
  readonly counts?: ReadonlyMap<string, number> | undefined;
  /** Jobs that were acknowledged. */
  readonly jobs: number;
  /** What the auditor found: nothing, if all is well. */
  readonly findings: readonly string[];
}

export type Trial = (context: TrialContext) => Promise<TrialReport>;
