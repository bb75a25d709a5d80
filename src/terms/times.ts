// How people write times: how long something takes, and when it was.

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** What `readDuration` takes, for people. */
export const durationRule = "a number and s, m, h or d, such as 12h";
/** What `readMoment` takes, for people. */
export const momentRule = `an RFC 3339 time, such as 2026-11-30T03:00:00Z, or an age: ${durationRule}`;

/** A time that passes, such as `90s`, `15m`, `12h` or `30d`, in ms; undefined for another text. */
export function readDuration(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(number) * (unitMs[unit] ?? Number.NaN);
  return Number.isSafeInteger(ms) ? ms : undefined;
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:[Zz]|[+-]\d\d:\d\d))?$/;

/** A moment as an RFC 3339 time or day (in UTC), or as an age; in ms since the epoch, undefined for another text. */
export function readMoment(text: string, now = Date.now()): number | undefined {
  const age = readDuration(text);
  if (age !== undefined) return now - age;
  const [, day] = rfc3339.exec(text) ?? [];
  // Date.parse takes 30 February for 2 March.
  if (day === undefined || !isDay(day)) return undefined;
  const time = Date.parse(text.toUpperCase().replace(" ", "T"));
  return Number.isNaN(time) ? undefined : time;
}

function isDay(day: string): boolean {
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}
