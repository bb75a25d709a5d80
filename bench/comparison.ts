// Compares rows with those of an earlier run, and tells which have become worse.
import { isMet, type Row } from "./row.js";

export type Verdict = "better" | "same" | "worse" | "target lost" | "new" | "gone";

export interface Change {
  readonly row: Row;
  /** The earlier value; null for a row that is new. */
  readonly before: number | null;
  /** The value now; null for a row that is gone. */
  readonly now: number | null;
  /** By which part the value has become worse (above 0) or better; null where there is nothing to compare. */
  readonly worse: number | null;
  readonly verdict: Verdict;
}

/** Verdicts for which a comparison fails. */
export const regressions: readonly Verdict[] = ["worse", "target lost"];

/**
 * Compares by what was measured against what; sizes may differ.
 * @param tolerance the part by which a value may differ from run to run: 0.1 for a tenth
 */
export function compareRows(before: readonly Row[], now: readonly Row[], tolerance: number): Change[] {
  const former = byName(before);
  const present = byName(now);
  const changes = [...present].map(([name, row]): Change => {
    const last = former.get(name);
    if (last === undefined) return { row, before: null, now: row.value, worse: null, verdict: "new" };
    const worse = worsening(row, last.value);
    return { row, before: last.value, now: row.value, worse, verdict: judge(row, last, worse, tolerance) };
  });
  const gone = [...former].filter(([name]) => !present.has(name));
  return [
    ...changes,
    ...gone.map(([, row]): Change => ({ row, before: row.value, now: null, worse: null, verdict: "gone" })),
  ];
}

/** Several rows may have one name, for several sizes: they are told apart by their order. */
function byName(rows: readonly Row[]): Map<string, Row> {
  const named = new Map<string, Row>();
  for (const row of rows) {
    const name = JSON.stringify([row.what, row.against]);
    let at = 0;
    while (named.has(`${name} ${at}`)) at++;
    named.set(`${name} ${at}`, row);
  }
  return named;
}

function judge(row: Row, last: Row, worse: number, tolerance: number): Verdict {
  if (worse > tolerance)
    return isMet({ ...last, target: row.target }) && !isMet(row) ? "target lost" : "worse";
  return worse < -tolerance ? "better" : "same";
}

function worsening(row: Row, before: number): number {
  const [good, bad] = isBetterHigh(row) ? [row.value, before] : [before, row.value];
  if (good === bad) return 0;
  // A difference of two times, which some rows have, may be 0 or below.
  if (good <= 0 || bad <= 0) return (bad - good) / Math.max(Math.abs(good), Math.abs(bad));
  return bad / good - 1;
}

/** A target says it; without one the unit does: of so many a second, more is better. */
function isBetterHigh({ target, unit }: Row): boolean {
  if (target !== null) return "atLeast" in target;
  return unit.endsWith("/s") || unit === "slots";
}
