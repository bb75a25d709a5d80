// What was measured, as a file: a run of some rows replaces these, so that runs in parts add up to one table.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { dirname } from "node:path";
import { z } from "zod";
import type { Row } from "./row.js";

const machineSchema = z.object({
  cpu: z.string(),
  cores: z.number(),
  memoryGiB: z.number(),
  kernel: z.string(),
  node: z.string(),
});

const measuredSchema = z.object({
  what: z.string(),
  against: z.string(),
  on: z.string(),
  ours: z.number(),
  peer: z.number().nullable(),
  unit: z.string(),
  value: z.number(),
  target: z.union([z.object({ atMost: z.number() }), z.object({ atLeast: z.number() })]).nullable(),
  /** The name by which `npm run bench -- NAME` measures it, and when that was. */
  measurement: z.string(),
  measuredAt: z.string(),
});

const resultsSchema = z.object({ machine: machineSchema, rows: z.array(measuredSchema) });

export type Machine = z.infer<typeof machineSchema>;
export type Results = z.infer<typeof resultsSchema>;
/** A row, and which measurement gave it when. */
export type MeasuredRow = Row & { readonly measurement: string; readonly measuredAt: string };

/** The machine that measures. */
export function thisMachine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? arch(),
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 1024 ** 3),
    kernel: release(),
    node: process.version,
  };
}

/** Reads what a run has written. Throws an Error that names the file, if it is not there or is none. */
export function readResults(file: string): Results {
  try {
    return resultsSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    throw new Error(`${file} is not a file of results that this version wrote: ${(error as Error).message}`);
  }
}

/** Writes what was measured; rows of other measurements on the same machine stay. Returns all that stands there then. */
export function keepResults(file: string, machine: Machine, measured: readonly MeasuredRow[]): Results {
  const names = new Set(measured.map(({ measurement }) => measurement));
  const results = { machine, rows: [...otherRows(file, machine, names), ...measured] };
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  return results;
}

function otherRows(file: string, machine: Machine, measuredAnew: ReadonlySet<string>): Results["rows"] {
  let last: Results;
  try {
    last = readResults(file);
  } catch {
    // The first run, or a file of another version.
    return [];
  }
  if (JSON.stringify(last.machine) !== JSON.stringify(machine)) return [];
  return last.rows.filter(({ measurement }) => !measuredAnew.has(measurement));
}
