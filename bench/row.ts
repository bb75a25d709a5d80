// A row of the table: one of our jobs measured against a named peer, in turn, in one run.

/** What was measured of one row. */
export interface Row {
  readonly what: string;
  readonly against: string;
  /** The sizes that were used. */
  readonly on: string;
  /** Ours and the peer's, in `unit`: medians over the rounds; null where there is no peer. */
  readonly ours: number;
  readonly peer: number | null;
  readonly unit: string;
  /** What is compared with the target: a ratio, or a number of `unit`. */
  readonly value: number;
  /** Null for a row that is only told. */
  readonly target: { readonly atMost: number } | { readonly atLeast: number } | null;
}

/** True if the row is within its target, or has none. */
export function isMet({ value, target }: Row): boolean {
  if (target === null) return true;
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast;
}

/**
 * Measures two ways in turn, `rounds` times, now the one first and now the other: what else the machine does then hits
 * both. Returns the medians.
 */
export async function inTurn(
  rounds: number,
  ours: () => Promise<number>,
  peer: () => Promise<number>,
): Promise<{ ours: number; peer: number }> {
  const measured = { ours: [] as number[], peer: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    const isPeerFirst = round % 2 === 0;
    if (isPeerFirst) measured.peer.push(await peer());
    measured.ours.push(await ours());
    if (!isPeerFirst) measured.peer.push(await peer());
  }
  return { ours: median(measured.ours), peer: median(measured.peer) };
}

/** How long something takes, in ms. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return performance.now() - begun;
}

/** The middle of what was measured. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = 0, high = 0] =
    sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : sorted.slice(middle - 1, middle + 1);
  return (low + high) / 2;
}
