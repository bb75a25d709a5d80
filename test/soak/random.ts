// Random choices that a seed repeats.
import { seededRandom as choices, type SeededRandom } from "../support/seeded-random.js";

export interface Random extends SeededRandom {
  /** That many bytes as lower-case hex. */
  hex(bytes: number): string;
}

/** Choices that are the same for the same seed. */
export function seededRandom(seed: number): Random {
  const random = choices(seed);
  const byte = () => random.between(0, 255).toString(16).padStart(2, "0");
  return { ...random, hex: (bytes) => Array.from({ length: bytes }, byte).join("") };
}
