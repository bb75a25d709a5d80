// Adds up the progress of parts that are worked on at the same time.

/**
 * Returns a function that sets the value of one part. `onSum` is called with the sum of the values of all parts.
 */
export function sumOfEach(onSum: (sum: number) => void): (part: string, value: number) => void {
  const values = new Map<string, number>();
  let sum = 0;
  return (part, value) => {
    sum += value - (values.get(part) ?? 0);
    values.set(part, value);
    onSum(sum);
  };
}
