// npm run chaos [-- --minutes N] [--seed S] [--only TRIAL]…: disasters, one after another, each audited.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seededRandom } from "../support/seeded-random.js";
import { makeContents } from "./contents.js";
import { trials } from "./trials/index.js";

const { values } = parseArgs({
  options: {
    minutes: { type: "string", default: "15" },
    seed: { type: "string" },
    /** Of the trials `blocks` and `registry`: runs it once, for as long as that takes. */
    kills: { type: "string" },
    only: { type: "string", multiple: true },
    rounds: { type: "string", default: "8" },
    lanes: { type: "string", default: "3" },
    longest: { type: "string", default: "60" },
  },
});
const kills = values.kills === undefined ? undefined : Number(values.kills);
const only = values.only ?? (kills === undefined ? Object.keys(trials) : ["blocks"]);
const unknown = only.find((name) => !Object.hasOwn(trials, name));
if (unknown !== undefined) {
  console.error(`chaos: there is no trial ${unknown}; there are ${Object.keys(trials).join(", ")}`);
  process.exit(2);
}

const began = Date.now();
const minutes = Number(values.minutes);
let isInterrupted = false;
process.once("SIGINT", () => {
  isInterrupted = true;
  console.log("chaos: ends with the rounds that are under way; again ends it now, and leaves what it made");
});
const isOver = () => isInterrupted || (kills === undefined && Date.now() - began > minutes * 60_000);
const first = values.seed === undefined ? Date.now() % 1_000_000 : Number(values.seed);
const isOneRun = values.seed !== undefined || kills !== undefined;
const scratch = mkdtempSync(join(tmpdir(), "stevedore-chaos-"));
const contents = await makeContents(join(scratch, "contents"));
const totals = new Map<string, number>();
let jobs = 0;
let runs = 0;
const findings: string[] = [];

/** One trial after another; the seed of each tells its kind and its course. */
async function lane(): Promise<void> {
  while (!isOver() && findings.length === 0) {
    // A seed that is given is one run, to be seen again.
    if (isOneRun && runs > 0) return;
    const seed = first + runs++;
    const name = only[seed % only.length] as keyof typeof trials;
    const directory = join(scratch, `${name}-${seed}`);
    const log = (line: string) => console.log(`${elapsed()} ${name} --seed ${seed}: ${line}`);
    log("begins");
    const report = await trials[name]({
      ...{ directory, contents, sources: join(scratch, "contents"), random: seededRandom(seed) },
      ...{ rounds: Number(values.rounds), kills, longest: Number(values.longest), log, isOver },
    }).catch((error: unknown) => ({
      deeds: new Map<string, number>(),
      jobs: 0,
      findings: [String((error as Error).stack)],
    }));
    for (const [deed, count] of report.deeds) totals.set(deed, (totals.get(deed) ?? 0) + count);
    jobs += report.jobs;
    for (const finding of report.findings) {
      log(`FOUND ${finding}`);
      findings.push(`--seed ${seed} --only ${name}: ${finding}`);
    }
    if (report.findings.length === 0) {
      log(`${report.jobs} jobs, all well`);
      rmSync(directory, { recursive: true, force: true });
    }
  }
}

function elapsed(): string {
  return `${String(Math.round((Date.now() - began) / 1000)).padStart(5)} s`;
}

await Promise.all(Array.from({ length: isOneRun ? 1 : Number(values.lanes) }, lane));
console.log();
for (const [deed, count] of [...totals].sort()) console.log(`${String(count).padStart(6)}  ${deed}`);
for (const finding of findings) console.log(`FOUND ${finding}`);
if (findings.length === 0) rmSync(scratch, { recursive: true, force: true });
else console.log(`what is left of it lies in ${scratch}`);
console.log(`${runs} trials, ${jobs} jobs, ${findings.length} faults found, ${elapsed().trim()}`);
process.exitCode = findings.length === 0 ? 0 : 1;
