// Times of files, which are finer and reach farther than JavaScript's.

/** The nanoseconds of a second. */
const second = 1_000_000_000n;

/**
 * Nanoseconds since 1970, in decimal, as RFC 3339: `2013-06-01T12:00:00.123456789Z`. A time that no calendar of
 * JavaScript reaches is `@` and its seconds.
 */
export function formatNanoseconds(nanoseconds: string): string {
  const whole = BigInt(nanoseconds);
  const rest = ((whole % second) + second) % second;
  const seconds = (whole - rest) / second;
  const date = new Date(Number(seconds) * 1_000);
  if (Number.isNaN(date.getTime())) return `@${seconds}`;
  const fraction = rest === 0n ? "" : `.${String(rest).padStart(9, "0").replace(/0+$/, "")}`;
  return date.toISOString().replace(/\.000Z$/, `${fraction}Z`);
}
