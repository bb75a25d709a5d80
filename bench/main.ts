// npm run bench [-- ROW… [--against FILE]]: measures the rows, prints one table, keeps them as JSON in bench/results/, and
// tells what has become worse than in an earlier such file.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { type Change, compareRows, regressions } from "./comparison.js";
import { type Dock, openDock } from "./dock.js";
import { keepResults, type MeasuredRow, readResults, thisMachine } from "./results.js";
import { isMet, type Row } from "./row.js";
import {
  measureBehind,
  measureBlocksMemory,
  measureHosts,
  measureResume,
  measureSlots,
} from "./rows/blocks/index.js";
import { measureChecksum } from "./rows/checksum.js";
import { measureCurves } from "./rows/curves.js";
import { measureEnqueue } from "./rows/enqueue.js";
import { measureEvents } from "./rows/events.js";
import { measureExport } from "./rows/export.js";
import { measureGraph } from "./rows/graph.js";
import { measureImport } from "./rows/import.js";
import { measureJobs } from "./rows/jobs.js";
import { measureListing } from "./rows/listing.js";
import { measureLoad } from "./rows/load.js";
import { measureMemory } from "./rows/memory.js";
import { measureMount } from "./rows/mount.js";
import { measurePages } from "./rows/pages.js";
import { measurePull } from "./rows/pull.js";
import { measurePush } from "./rows/push.js";
import { measureFewer, measureMillion, measureScale } from "./rows/scale.js";
import { measureStart } from "./rows/start.js";
import { measureStore } from "./rows/store.js";
import { measureUpload } from "./rows/upload.js";
import { measureVerify } from "./rows/verify.js";

/** In this order: the memory row uses the store row's sample. */
const measurements: Record<string, (dock: Dock) => Promise<Row[]>> = {
  start: measureStart,
  checksum: measureChecksum,
  graph: measureGraph,
  "blocks-hosts": measureHosts,
  "blocks-slots": measureSlots,
  "blocks-resume": measureResume,
  "blocks-behind": measureBehind,
  "blocks-memory": measureBlocksMemory,
  verify: measureVerify,
  curves: measureCurves,
  store: measureStore,
  jobs: measureJobs,
  enqueue: measureEnqueue,
  listing: measureListing,
  events: measureEvents,
  mount: measureMount,
  "scale-list": measureScale,
  "scale-garbage": measureFewer,
  "scale-million": measureMillion,
  pages: measurePages,
  upload: measureUpload,
  import: measureImport,
  load: measureLoad,
  export: measureExport,
  pull: measurePull,
  push: measurePush,
  memory: measureMemory,
};

/** By which part the value of a row may differ from run to run. */
const tolerance = 0.15;

const { values: options, positionals: asked } = parseArgs({
  allowPositionals: true,
  options: { against: { type: "string" } },
});
/** `blocks` asks for all whose names begin with `blocks-`. */
const isAskedFor = (name: string) => asked.some((each) => name === each || name.startsWith(`${each}-`));
const unknown = asked.filter(
  (each) => !Object.keys(measurements).some((name) => `${name}-`.startsWith(`${each}-`)),
);
if (unknown.length > 0) {
  console.error(
    `bench: there is no ${unknown.join(", ")}; the rows are ${Object.keys(measurements).join(", ")}`,
  );
  process.exit(2);
}

/** Read first: a file that cannot be read is told before an hour of measuring. */
const earlier = options.against === undefined ? undefined : readEarlier(options.against);

const file = fileURLToPath(new URL("../../bench/results/latest.json", import.meta.url));
const machine = thisMachine();
const rows: MeasuredRow[] = [];
{
  await using dock = await openDock();
  for (const [measurement, measure] of Object.entries(measurements)) {
    if (asked.length > 0 && !isAskedFor(measurement)) continue;
    console.error(`bench: ${measurement} …`);
    const measuredAt = new Date().toISOString();
    const measured = (await measure(dock)).map((row) => ({ ...row, measurement, measuredAt }));
    rows.push(...measured);
    keepResults(file, machine, measured);
  }
}

console.log(
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}\n`,
);
printTable(
  ["what", "against", "on", "ours", "peer", "value", "target", ""],
  rows.map((row) => [
    row.what,
    row.against,
    row.on,
    `${shown(row.ours)} ${row.unit}`,
    row.peer === null ? "-" : `${shown(row.peer)} ${row.unit}`,
    shown(row.value),
    targetOf(row),
    row.target === null ? "-" : isMet(row) ? "met" : "MISSED",
  ]),
);
if (earlier !== undefined) {
  const names = new Set(rows.map(({ measurement }) => measurement));
  tellChanges(
    compareRows(
      earlier.rows.filter(({ measurement }) => names.has(measurement)),
      rows,
      tolerance,
    ),
  );
}
console.error(`\nwritten to ${file}`);

function readEarlier(path: string) {
  try {
    const results = readResults(path);
    if (JSON.stringify(results.machine) !== JSON.stringify(thisMachine())) {
      console.error(`bench: ${path} is of another machine: only its ratios say something here`);
    }
    return results;
  } catch (error) {
    console.error(`bench: ${(error as Error).message}`);
    return process.exit(2);
  }
}

function tellChanges(changes: readonly Change[]): void {
  console.log(`\nAgainst ${options.against}, where ${tolerance * 100} % may be chance:\n`);
  printTable(
    ["what", "against", "before", "now", "worse by", ""],
    changes.map(({ row, before, now, worse, verdict }) => [
      row.what,
      row.against,
      before === null ? "-" : shown(before),
      now === null ? "-" : shown(now),
      worse === null ? "-" : `${(worse * 100).toFixed(0)} %`,
      regressions.includes(verdict) ? verdict.toUpperCase() : verdict,
    ]),
  );
  const count = changes.filter(({ verdict }) => regressions.includes(verdict)).length;
  console.log(`\n${count} of ${changes.length} rows are worse`);
  if (count > 0) process.exitCode = 1;
}

function printTable(heads: readonly string[], lines: readonly (readonly string[])[]): void {
  for (const line of [heads, heads.map(() => "---"), ...lines]) console.log(`| ${line.join(" | ")} |`);
}

function shown(value: number): string {
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

function targetOf({ target }: Row): string {
  if (target === null) return "-";
  return "atMost" in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}
