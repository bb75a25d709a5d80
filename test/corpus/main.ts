// The long form of the fuzzer:
//
//   npx tsx test/corpus/main.ts [--kind archives|images] [--mutations N] [--seed S] [--minutes N] [--only K]
//
// Needs root. `--seed S --only K` repeats one mutation. Archives that failed are written to test-results/fuzz.
import { join } from "node:path";
import { parseArgs } from "node:util";
import { countFailures, type Failure, fuzz, type Sums } from "./fuzz.js";
import { fuzzImages, type ImageSums } from "./fuzz-images.js";

const { values } = parseArgs({
  options: {
    mutations: { type: "string", default: "20000" },
    seed: { type: "string", default: `${Date.now() % 2 ** 31}` },
    minutes: { type: "string" },
    only: { type: "string" },
    /** `archives` of layers, with their tar-splits, or archives and layouts of `images`. */
    kind: { type: "string", default: "archives" },
  },
});
const seed = wholeNumber("seed", values.seed);
const only = values.only === undefined ? undefined : wholeNumber("only", values.only);
const start = Date.now();
let told = start;

/** Ctrl-C ends it as it would end by itself, with the sums and without leaving anything. */
const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const common = {
  seed,
  ...(only === undefined
    ? { mutations: wholeNumber("mutations", values.mutations) }
    : { mutations: 1, first: only }),
  ...(values.minutes === undefined ? {} : { mostMs: wholeNumber("minutes", values.minutes) * 60_000 }),
  signal: stop.signal,
  failures: join(import.meta.dirname, "../../test-results/fuzz"),
};
const kinds: Readonly<Record<string, () => Promise<boolean>>> = { archives: fuzzArchives, images };
const run = kinds[values.kind];
if (run === undefined) {
  console.error(`--kind is one of ${Object.keys(kinds).join(", ")}`);
  process.exit(2);
}
console.log(`seed ${seed}`);
process.exitCode = (await run()) ? 0 : 1;

async function fuzzArchives(): Promise<boolean> {
  const sums = await fuzz({
    ...common,
    onProgress(sums, failure) {
      if (failure !== undefined) console.log(describeFailure(failure));
      if (isTimeToTell()) console.log(describeSums(sums));
    },
  });
  console.log(describeSums(sums));
  return countFailures(sums) === 0 && sums.mutations > 0;
}

async function images(): Promise<boolean> {
  const describe = ({ mutations, accepted, refused, failures }: ImageSums) =>
    `${mutations} mutations of seed ${seed}: ${accepted} accepted; refused: ${describeCodes(refused)}; ` +
    `${failures.length} failures; ${Math.round((Date.now() - start) / 1000)} s`;
  const sums = await fuzzImages({
    ...common,
    onProgress: (sums) => isTimeToTell() && console.log(describe(sums)),
  });
  for (const failure of sums.failures) console.log(failure);
  console.log(describe(sums));
  return sums.failures.length === 0 && sums.mutations > 0;
}

function isTimeToTell(): boolean {
  if (Date.now() - told < 30_000) return false;
  told = Date.now();
  return true;
}

function describeFailure({ mutation, verdict, history, file }: Failure): string {
  const detail = "detail" in verdict ? verdict.detail : "";
  const again = `npx tsx test/corpus/main.ts --seed ${seed} --only ${mutation}`;
  return `${verdict.kind} by mutation ${mutation} (${history.join("; ")}):\n${detail}\n  the archive: ${file}\n  again: ${again}`;
}

function describeSums(sums: Sums): string {
  const { mutations, accepted, refused, crashes, hangs, escapes, differences, splits } = sums;
  const seconds = Math.round((Date.now() - start) / 1000);
  return [
    `${mutations} mutations of seed ${seed}: ${accepted} accepted`,
    `refused: ${describeCodes(refused)}`,
    `mutated tar-splits: ${splits.same} the same archive, ${splits.other} of another digest, refused: ${describeCodes(splits.refused)}`,
    `${crashes} crashes, ${hangs} hangs, ${escapes} escapes, ${differences} differences`,
    `${seconds} s`,
  ].join("; ");
}

function describeCodes(refused: Readonly<Record<string, number>>): string {
  const codes = Object.entries(refused).sort(([one], [other]) => (one < other ? -1 : 1));
  return codes.map(([code, count]) => `${count} ${code}`).join(", ") || "none";
}

function wholeNumber(name: string, text: string): number {
  if (/^\d{1,10}$/.test(text)) return Number(text);
  console.error(`--${name} takes a whole number, not ${JSON.stringify(text)}`);
  process.exit(2);
}
