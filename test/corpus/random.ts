// Numbers that look random and are the same for the same seed and mutation, whatever came before.

export interface Random {
  /** An integer from 0 to `count - 1`. */
  below(count: number): number;
  pick<Value>(values: readonly Value[]): Value;
  /** True in this share of all cases. */
  chance(share: number): boolean;
}

/** The numbers of one mutation (mulberry32, started from both numbers). */
export function createRandom(seed: number, mutation: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(mutation + 1, 0xc2b2ae35);
  function next(): number {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }
  for (let round = 0; round < 4; round++) next();
  const below = (count: number) => Math.floor(next() * count);
  return {
    below,
    pick: (values) => values[below(values.length)] as (typeof values)[number],
    chance: (share) => next() < share,
  };
}
