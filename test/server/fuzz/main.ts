// The long form of the HTTP fuzz:
//
//   npx tsx test/server/fuzz/main.ts [MINUTES] [--seed S]
//
// Needs root and a build. A seed makes up the same requests again, as far as the ids in them are the same.
import { parseArgs } from "node:util";
import { fuzz, type Sums } from "./fuzz.js";

const { values, positionals } = parseArgs({
  options: { seed: { type: "string", default: `${Date.now() % 2 ** 31}` } },
  allowPositionals: true,
});
const minutes = Number(positionals[0] ?? 10);
const seed = Number(values.seed);
if (!(minutes > 0) || !Number.isSafeInteger(seed)) {
  console.error("usage: main.ts [MINUTES] [--seed S]");
  process.exit(2);
}

/** Ctrl-C ends it as it would end by itself, with the sums and without leaving anything. */
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const start = Date.now();
let told = start;
console.log(`seed ${seed}, ${minutes} minutes`);
const sums = await fuzz({
  ...{ seed, requests: Number.POSITIVE_INFINITY, mostMs: minutes * 60_000, signal: stop.signal },
  onProgress(sums) {
    if (Date.now() - told < 30_000) return;
    told = Date.now();
    console.log(describeSums(sums));
  },
});
for (const failure of sums.failures) console.log(`\n${failure}`);
console.log(`\n${describeSums(sums)}`);
for (const [operation, statuses] of Object.entries(sums.operations)) {
  console.log(`  ${operation}: ${list(statuses)}`);
}
console.log(`  codes: ${list(sums.codes)}`);
process.exitCode = sums.failures.length === 0 && sums.requests > 0 ? 0 : 1;

function describeSums({ requests, statuses, failures, memory }: Sums): string {
  const mebibytes = (bytes: number) => Math.round(bytes / 1024 ** 2);
  return [
    `${requests} requests in ${Math.round((Date.now() - start) / 1_000)} s`,
    `answers: ${list(statuses)}`,
    `${failures.length} failures`,
    `memory: ${mebibytes(memory.first)} MiB at first, ${mebibytes(memory.most)} at most, ${mebibytes(memory.last)} at last`,
  ].join("; ");
}

function list(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([what, count]) => `${count} × ${what}`)
    .join(", ");
}
