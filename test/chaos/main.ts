// npm run chaos [-- --minutes N] [--seed S] [--only TRIAL]… [--summary DIR]: disasters, one after another, each audited.
// npm run chaos -- --total DIR: what all runs came to whose summaries lie there.
import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { lockVariable } from "../support/processes/quick-locks.js";
import { seededRandom } from "../support/seeded-random.js";
import { setup as spareSelfTests } from "../support/verified-xz.js";
import { makeContents } from "./contents.js";
import { openSummary, readSummaries, totalTable } from "./summary.js";
import type { TrialReport } from "./trial.js";
import { trials } from "./trials/index.js";

const { values } = parseArgs({
  options: {
    /** Default: 15; with a seed, one trial. */
    minutes: { type: "string" },
    seed: { type: "string" },
    /** Of the trials `blocks` and `registry`: runs it once, for as long as that takes. */
    kills: { type: "string" },
    only: { type: "string", multiple: true },
    rounds: { type: "string", default: "8" },
    /** How many trials side by side: most of their time they wait. */
    lanes: { type: "string", default: String(3 * availableParallelism()) },
    longest: { type: "string", default: "60" },
    summary: { type: "string" },
    total: { type: "string" },
  },
});
if (values.total !== undefined) {
  const summaries = readSummaries(values.total);
  console.log(totalTable(summaries));
  const found = summaries.flatMap((each) => Object.values(each.trials).flatMap(({ findings }) => findings));
  for (const finding of found) console.log(`FOUND ${finding}`);
  process.exit(found.length === 0 ? 0 : 1);
}
const kills = values.kills === undefined ? undefined : Number(values.kills);
const only = values.only ?? (kills === undefined ? Object.keys(trials) : ["blocks"]);
const unknown = only.find((name) => !Object.hasOwn(trials, name));
if (unknown !== undefined) {
  console.error(`chaos: there is no trial ${unknown}; there are ${Object.keys(trials).join(", ")}`);
  process.exit(2);
}

spareSelfTests();
// The locks of a dead worker are what trials wait for most.
process.env[lockVariable] ??= "2000";
const began = Date.now();
const minutes = Number(values.minutes ?? 15);
let isInterrupted = false;
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => {
    isInterrupted = true;
    console.log("chaos: ends with the rounds that are under way; again ends it now, and leaves what it made");
  });
const isOver = () => isInterrupted || (kills === undefined && Date.now() - began > minutes * 60_000);
const first = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
// A seed without a time is one trial, to be seen again.
const isOneRun = (values.seed !== undefined && values.minutes === undefined) || kills !== undefined;
const scratch = mkdtempSync(join(tmpdir(), "stevedore-chaos-"));
const contents = await makeContents(join(scratch, "contents"));
const asked = { arguments: process.argv.slice(2), seed: first };
const { summary, add } = openSummary({ directory: values.summary, scratch }, asked);
let runs = 0;
const findings: string[] = [];

/** One trial after another; the seed of each tells its kind and its course. */
async function lane(): Promise<void> {
  while (!isOver() && findings.length === 0) {
    if (isOneRun && runs > 0) return;
    const seed = first + runs++;
    const name = only[seed % only.length] as keyof typeof trials;
    const directory = join(scratch, `${name}-${seed}`);
    const log = (line: string) => console.log(`${elapsed()} ${name} --seed ${seed}: ${line}`);
    log("begins");
    const report: TrialReport = await trials[name]({
      ...{ directory, contents, sources: join(scratch, "contents"), random: seededRandom(seed) },
      ...{ rounds: Number(values.rounds), kills, longest: Number(values.longest), log, isOver },
    }).catch((error: unknown) => ({
      deeds: new Map<string, number>(),
      jobs: 0,
      findings: [String((error as Error).stack)],
    }));
    const found = report.findings.map((finding) => `--seed ${seed} --only ${name}: ${finding}`);
    for (const finding of report.findings) log(`FOUND ${finding}`);
    findings.push(...found);
    add(name, { ...report, findings: found });
    if (found.length > 0) continue;
    log(`${report.jobs} jobs, all well`);
    rmSync(directory, { recursive: true, force: true });
  }
}

function elapsed(): string {
  return `${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s`;
}

await Promise.all(Array.from({ length: isOneRun ? 1 : Number(values.lanes) }, lane));
console.log(`\n${totalTable([summary])}`);
for (const finding of findings) console.log(`FOUND ${finding}`);
if (findings.length === 0) rmSync(scratch, { recursive: true, force: true });
else console.log(`what is left of it lies in ${scratch}`);
console.log(`${runs} trials, ${findings.length} faults found, ${elapsed().trim()}`);
process.exitCode = findings.length === 0 ? 0 : 1;
