// Random choices that a seed repeats.

export interface Random {
  /** A number from 0 up to 1, which is left out. */
  number(): number;
  /** True that often. */
  chance(probability: number): boolean;
  pick<T>(choices: readonly [T, ...T[]]): T;
  /** That many bytes as lower-case hex. */
  hex(bytes: number): string;
}

/** Choices by mulberry32, the same for the same seed. */
export function seededRandom(seed: number): Random {
  let state = seed | 0;
  const number = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    number,
    chance: (probability) => number() < probability,
    pick: (choices) => choices[Math.floor(number() * choices.length)] ?? choices[0],
    hex: (bytes) =>
      Array.from({ length: bytes }, () => Math.floor(number() * 256))
        .map((byte) => byte.toString(16).padStart(2, "0"))
        .join(""),
  };
}
