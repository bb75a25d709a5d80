// Keeps the last answers that took long to make: pages of one list come from one of them.

/** What an answer was made of: the same objects give the same answer. */
type Sources = readonly object[];

/**
 * A function that answers from what is kept, or by `make`. Those who ask for the same at the same time share one answer.
 * @param most how much is kept, in the unit of `sizeOf`; the last answer is kept in any case
 */
export function keepLastAnswers<Answer>(
  most: number,
  sizeOf: (answer: Answer) => number,
): (sources: Sources, make: () => Promise<Answer>) => Promise<Answer> {
  const kept: { readonly sources: Sources; readonly answer: Promise<Answer>; size: number }[] = [];
  return async (sources, make) => {
    const at = kept.findIndex((one) => isSame(one.sources, sources));
    const found = kept.splice(at, at < 0 ? 0 : 1)[0] ?? { sources, answer: make(), size: 0 };
    kept.push(found);
    try {
      found.size = sizeOf(await found.answer);
    } catch (error) {
      const failed = kept.indexOf(found);
      if (failed >= 0) kept.splice(failed, 1);
      throw error;
    }
    let total = kept.reduce((sum, { size }) => sum + size, 0);
    while (kept.length > 1 && total > most) total -= kept.shift()?.size ?? 0;
    return found.answer;
  };
}

function isSame(one: Sources, other: Sources): boolean {
  return one.length === other.length && one.every((source, at) => source === other[at]);
}
