// When a schedule runs: cron expressions as BullMQ reads them.
import { getNextMillis } from "bullmq";
import { JobError } from "../../jobs/index.js";

/** The length of a cron expression at most, in characters: more than a meaningful one has. */
const longestCron = 256;

/**
 * The next times of a cron expression, in ms since the epoch: fewer than asked for where there are no more.
 * @throws `INVALID_JOB` naming what is wrong with it, or with the time zone
 */
export function nextRuns(cron: string, tz: string, count: number): number[] {
  const { pattern, next } = readCron(cron, tz);
  const times = [next];
  while (times.length < count) {
    const after = getNextMillis(times.at(-1) ?? next, { pattern, tz });
    if (after === undefined) break;
    times.push(after);
  }
  return times;
}

/** Checks a cron expression and its time zone as BullMQ reads them. `next` is in ms since the epoch. @throws `INVALID_JOB` */
export function readCron(cron: string, tz: string): { readonly pattern: string; readonly next: number } {
  const pattern = cron.trim().split(/\s+/).join(" ");
  const wrong = (why: string) => new JobError("INVALID_JOB", `cron ${JSON.stringify(cron)}: ${why}`);
  if (cron.length > longestCron) {
    throw new JobError("INVALID_JOB", `cron: it has ${cron.length} characters, more than ${longestCron}`);
  }
  const fields = pattern.split(" ");
  // The parser would fill in missing fields.
  if (!pattern.startsWith("@") && fields.length !== 5 && fields.length !== 6) {
    throw wrong("it takes five fields (minute hour day month weekday), or six with the second first");
  }
  if (fields.some((field) => /H(?![A-Z])/.test(field) && !pattern.startsWith("@"))) {
    throw wrong("H stands for another time whenever it is read: write the time");
  }
  assertTimeZone(tz);
  let next: number | undefined;
  try {
    next = getNextMillis(Date.now(), { pattern, tz });
  } catch (cause) {
    throw wrong((cause as Error).message);
  }
  if (next === undefined) throw wrong("there is no such time");
  return { pattern, next };
}

function assertTimeZone(tz: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: tz });
  } catch (cause) {
    const message = `tz ${JSON.stringify(tz)} is not a valid time zone: name one such as Europe/Berlin or UTC`;
    throw new JobError("INVALID_JOB", message, { cause });
  }
}
