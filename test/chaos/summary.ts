// What a run of trials was and came to, as a file of JSON: runs of minutes add up to those of hours.
import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { TrialReport } from "./trial.js";

const counts = z.record(z.string(), z.int().positive());

/** What the runs of one kind of trial came to. */
const trialSchema = z.strictObject({
  /** How many were run to their end. */
  runs: z.int().positive(),
  /** Jobs that were acknowledged. */
  jobs: z.int().nonnegative(),
  /** What was done to whom, by kind: `killed the worker` and the like. */
  deeds: counts,
  /** What else was counted. */
  counts,
  /** What the auditor found, each with the options that have it again. */
  findings: z.array(z.string()),
});

/** A run of `npm run chaos`; a field that is not known makes a file invalid. */
const summarySchema = z.strictObject({
  version: z.literal(1),
  /** The arguments it was run with. */
  arguments: z.array(z.string()),
  /** The seed of the first trial; the others have the next ones. */
  seed: z.int().nonnegative(),
  begun: z.iso.datetime(),
  /** When the last trial had ended. */
  ended: z.iso.datetime(),
  machine: z.strictObject({
    processor: z.string(),
    cores: z.int().positive(),
    memoryGiB: z.number().positive(),
    kernel: z.string(),
    /** What the roots lay on: the type, as findmnt(8) names it. */
    fileSystem: z.string(),
    node: z.string(),
    redis: z.string(),
    /** Processes that ran or waited to, over the last 15 minutes, at the end: others may have been at work. */
    load: z.number().nonnegative(),
  }),
  /** By the trial's name. */
  trials: z.record(z.string(), trialSchema),
  /** Deeds that begin with `killed`, by minutes from the beginning to the end. */
  killsPerMinute: z.number().nonnegative(),
});

export type Summary = z.infer<typeof summarySchema>;
type TrialSummary = Summary["trials"][string];

export interface SummaryFile {
  /** Adds a trial that has ended, and writes the file again. Returns nothing; a run that is killed has what it wrote last. */
  add(name: string, report: TrialReport): void;
  readonly summary: Summary;
}

/**
 * Begins the summary of a run.
 * @param directory where its file is written, under a name of its own; undefined for none
 * @param scratch where the roots lie
 */
export function openSummary(
  { directory, scratch }: { readonly directory: string | undefined; readonly scratch: string },
  run: { readonly arguments: string[]; readonly seed: number },
): SummaryFile {
  const begun = new Date();
  const machine = describeMachine(scratch);
  const summary: Summary = {
    ...{ version: 1, ...run, begun: begun.toISOString(), ended: begun.toISOString() },
    ...{ machine, trials: {}, killsPerMinute: 0 },
  };
  return {
    summary,
    add(name, report) {
      const trial = summary.trials[name] ?? nothing();
      summary.trials[name] = trial;
      addTrial(trial, {
        ...{ runs: 1, jobs: report.jobs, findings: [...report.findings] },
        ...{ deeds: Object.fromEntries(report.deeds), counts: Object.fromEntries(report.counts ?? []) },
      });
      const now = new Date();
      summary.ended = now.toISOString();
      summary.machine.load = loadOfHost();
      summary.killsPerMinute = perMinute(
        kills(Object.values(summary.trials)),
        now.getTime() - begun.getTime(),
      );
      if (directory === undefined) return;
      mkdirSync(directory, { recursive: true });
      const file = join(directory, `${summary.begun.replaceAll(":", "")}-${run.seed}.json`);
      writeFileSync(`${file}.new`, `${JSON.stringify(summary, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    },
  };
}

/** Reads all summaries of a directory, the oldest first. @throws an Error that names a file which is none */
export function readSummaries(directory: string): Summary[] {
  const names = readdirSync(directory).filter((name) => name.endsWith(".json"));
  const read = names.map((name) => {
    try {
      return summarySchema.parse(JSON.parse(readFileSync(join(directory, name), "utf8")));
    } catch (cause) {
      throw new Error(`${join(directory, name)} is no summary of a run`, { cause });
    }
  });
  return read.sort((one, other) => one.begun.localeCompare(other.begun));
}

/** The sum of several runs, as a table in Markdown with a line for each trial. */
export function totalTable(summaries: readonly Summary[]): string {
  const names = [...new Set(summaries.flatMap(({ trials }) => Object.keys(trials)))].sort();
  const lines = names.map((name) => {
    const parts = summaries.filter(({ trials }) => trials[name] !== undefined);
    const total = nothing();
    for (const { trials } of parts) addTrial(total, trials[name] as TrialSummary);
    const ms = parts.reduce((sum, { begun, ended }) => sum + Date.parse(ended) - Date.parse(begun), 0);
    const days = [...new Set(parts.map(({ begun }) => begun.slice(0, 10)))].join(", ");
    const list = (of: Record<string, number>) =>
      Object.entries(of)
        .sort(([, one], [, other]) => other - one)
        .map(([what, count]) => `${count.toLocaleString("en")} ${what}`)
        .join("; ");
    const cells = [
      ...[name, days, parts.map(({ seed }) => seed).join(", ")],
      ...[`${Math.round(ms / 60_000)} in ${parts.length} parts`, `${total.runs}`],
      ...[total.jobs.toLocaleString("en"), list(total.deeds), list(total.counts)],
      ...[`${perMinute(kills([total]), ms)}`, `${total.findings.length}`],
    ];
    return `| ${cells.join(" | ")} |`;
  });
  const heads = [
    "trial",
    "days",
    "seeds",
    "minutes",
    "runs",
    "jobs",
    "deeds",
    "counted",
    "kills a minute",
    "findings",
  ];
  return [`| ${heads.join(" | ")} |`, `|${" --- |".repeat(heads.length)}`, ...lines].join("\n");
}

/** The sum of no runs. */
function nothing(): TrialSummary {
  return { runs: 0, jobs: 0, deeds: {}, counts: {}, findings: [] };
}

function addTrial(sum: TrialSummary, { runs, jobs, deeds, counts: others, findings }: TrialSummary): void {
  sum.runs += runs;
  sum.jobs += jobs;
  for (const [what, count] of Object.entries(deeds)) sum.deeds[what] = (sum.deeds[what] ?? 0) + count;
  for (const [what, count] of Object.entries(others)) sum.counts[what] = (sum.counts[what] ?? 0) + count;
  sum.findings.push(...findings);
}

function kills(trials: readonly TrialSummary[]): number {
  const deeds = trials.flatMap((trial) => Object.entries(trial.deeds));
  return deeds.reduce((sum, [what, count]) => sum + (what.startsWith("killed ") ? count : 0), 0);
}

function perMinute(count: number, ms: number): number {
  return ms <= 0 ? 0 : Math.round((count / ms) * 600_000) / 10;
}

function describeMachine(scratch: string): Summary["machine"] {
  const ask = (program: string, ...args: string[]) =>
    execFileSync(program, args, { encoding: "utf8" }).trim();
  return {
    processor: cpus()[0]?.model ?? "",
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    fileSystem: ask("findmnt", "--noheadings", "--output", "FSTYPE", "--target", scratch),
    node: process.version,
    redis: /v=([0-9.]+)/.exec(ask("redis-server", "--version"))?.[1] ?? "",
    load: loadOfHost(),
  };
}

function loadOfHost(): number {
  return Math.round((loadavg()[2] ?? 0) * 10) / 10;
}
