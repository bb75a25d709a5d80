// npm run bench [-- ROW…]: measures the rows, prints one table, and writes it as JSON to bench/results/.
import { mkdirSync, writeFileSync } from "node:fs";
import { arch, cpus, release, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { type Dock, openDock } from "./dock.js";
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
import { measureScale } from "./rows/scale.js";
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
  scale: measureScale,
  pages: measurePages,
  upload: measureUpload,
  import: measureImport,
  load: measureLoad,
  export: measureExport,
  pull: measurePull,
  push: measurePush,
  memory: measureMemory,
};

const asked = process.argv.slice(2);
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

const rows: Row[] = [];
{
  await using dock = await openDock();
  for (const [name, measure] of Object.entries(measurements)) {
    if (asked.length > 0 && !isAskedFor(name)) continue;
    console.error(`bench: ${name} …`);
    rows.push(...(await measure(dock)));
  }
}

const machine = {
  cpu: cpus()[0]?.model ?? arch(),
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  node: process.version,
};
const results = fileURLToPath(new URL("../../bench/results/", import.meta.url));
mkdirSync(results, { recursive: true });
const file = `${results}latest.json`;
writeFileSync(file, `${JSON.stringify({ measuredAt: new Date().toISOString(), machine, rows }, null, 2)}\n`);

console.log(
  `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Linux ${machine.kernel}, Node ${machine.node}\n`,
);
const number = (value: number) => (value >= 100 ? value.toFixed(0) : value.toPrecision(3));
const lines = rows.map((row) => [
  row.what,
  row.against,
  row.on,
  `${number(row.ours)} ${row.unit}`,
  row.peer === null ? "-" : `${number(row.peer)} ${row.unit}`,
  number(row.value),
  targetOf(row),
  row.target === null ? "-" : isMet(row) ? "met" : "MISSED",
]);
for (const line of [["what", "against", "on", "ours", "peer", "value", "target", ""], ...lines]) {
  console.log(`| ${line.join(" | ")} |`);
}
console.error(`\nwritten to ${file}`);

function targetOf({ target }: Row): string {
  if (target === null) return "-";
  return "atMost" in target ? `<= ${target.atMost}` : `>= ${target.atLeast}`;
}
