// The progress of work whose parts are done side by side.

/** A sum of which each part is told of as a whole. */
export function sumOfEach(onSum: (sum: number) => void): (part: string, value: number) => void {
  const values = new Map<string, number>();
  let sum = 0;
  return (part, value) => {
    sum += value - (values.get(part) ?? 0);
    values.set(part, value);
    onSum(sum);
  };
}
