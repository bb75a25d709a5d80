// How many cases of a property are tried.

/** What each count is multiplied by: `STEVEDORE_RUNS=10 npx vitest run test/mount` tries ten times as many. */
const factor = Number(process.env.STEVEDORE_RUNS ?? 1);

/**
 * The number of cases to try of a property each of which takes processes, mounts or seconds. Each run of the tests draws
 * others, so what few of them miss comes up in a later one.
 */
export function runs(count: number): number {
  return Math.max(1, Math.round(count * factor));
}
