// Numbers that look random and are the same for the same seed and mutation, whatever came before.
import { seededRandom } from "../support/seeded-random.js";

export interface Random {
  /** An integer from 0 to `count - 1`. */
  below(count: number): number;
  pick<Value>(values: readonly Value[]): Value;
  /** True in this share of all cases. */
  chance(share: number): boolean;
}

/** The numbers of one mutation, started from both numbers. */
export function createRandom(seed: number, mutation: number): Random {
  const { next, pick, chance } = seededRandom(
    Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(mutation + 1, 0xc2b2ae35),
  );
  for (let round = 0; round < 4; round++) next();
  return { below: (count) => Math.floor(next() * count), pick, chance };
}
