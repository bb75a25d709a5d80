// npm run soak: thousands of mixed jobs on one worker, which must lose none and hold no more at the end than before.
//
//   npx tsx test/soak/main.ts [--jobs N] [--seed S] [--minutes N]
//
// 2,000 jobs by default, 50,000 in the long form; with --minutes it ends then, with fewer if --jobs are not done.
import { parseArgs } from "node:util";
import { closingLines, isGood, sampleLine } from "./report.js";
import { soak } from "./soak.js";

const { values } = parseArgs({
  options: { jobs: { type: "string" }, seed: { type: "string" }, minutes: { type: "string" } },
});
const minutes = values.minutes === undefined ? undefined : wholeNumber("minutes", values.minutes);
/** More than two cores do in that time. */
const jobsPerMinute = 3_600;
const jobs =
  values.jobs === undefined ? (minutes ?? 0) * jobsPerMinute || 2_000 : wholeNumber("jobs", values.jobs);
const seed = wholeNumber("seed", values.seed ?? "1");

// SIGTERM ends the soak early, with all that it says at its end.
const interrupted = new AbortController();
process.once("SIGTERM", () => interrupted.abort());

const tell = (line: string) => console.log(line);
tell(`soak: seed ${seed}, ${jobs} jobs${minutes === undefined ? "" : `, at most ${minutes} minutes`}`);
const result = await soak({
  ...{ seed, jobs, minutes, isFilled: true, samples: 150, signal: interrupted.signal, tell },
  onSample: (jobs, perSecond, sample) => tell(sampleLine(jobs, perSecond, sample)),
});
for (const line of closingLines(result)) tell(line);
process.exitCode = isGood(result) ? 0 : 1;

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d*$/.test(text)) return Number(text);
  console.error(`soak: --${name} takes a whole number from 1 up, not ${JSON.stringify(text)}`);
  process.exit(2);
}
