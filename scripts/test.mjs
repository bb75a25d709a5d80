// Runs the tests with this very Node. Names those that failed once more, a line each, and closes with one line alone:
// "N passed, N failed", and ", N skipped" if any were. Exits as vitest does, and non-zero if no test ran.
//
//   node scripts/test.mjs [arguments of vitest]
import { spawn } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const project = fileURLToPath(new URL("..", import.meta.url));
/** How much of why a test failed is told again at the end. */
const [linesOfFailure, lettersOfFailure] = [6, 1_000];
const report = join(project, `test-results/node-${process.versions.node}.json`);

rmSync(report, { force: true });
const exitCode = await runVitest(process.argv.slice(2));
const results = readReport();
const { passed, failed, skipped, complaint } = judge(results, exitCode);
for (const line of failures(results)) console.error(`test: failed: ${line}`);
if (complaint !== undefined) console.error(`test: ${complaint}`);
console.log(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
process.exitCode = exitCode === 0 && failed > 0 ? 1 : exitCode;

/**
 * Runs vitest to its end, handing on the signals that would end this process.
 * @param {string[]} args
 * @returns {Promise<number>} Its exit code; 1 if a signal ended it.
 */
async function runVitest(args) {
  const vitest = join(project, "node_modules/vitest/vitest.mjs");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const child = spawn(process.execPath, [vitest, "run", ...reporters, ...args], {
    cwd: project,
    stdio: "inherit",
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

/** Vitest's report (the fields of Jest's), or undefined if it wrote none that can be read. */
function readReport() {
  try {
    return JSON.parse(readFileSync(report, "utf8"));
  } catch {
    return undefined;
  }
}

/** Counts the tests. What went wrong outside of any test counts as one more that failed. */
function judge(results, code) {
  if (results === undefined) {
    return { passed: 0, failed: 1, skipped: 0, complaint: `vitest left no report (exit code ${code})` };
  }
  const passed = results.numPassedTests;
  const skipped = results.numPendingTests + results.numTodoTests;
  const failed = results.numFailedTests + results.testResults.filter(failedOutsideItsTests).length;
  if (passed + failed === 0) return { passed, failed: 1, skipped, complaint: "no test ran" };
  if (code !== 0 && failed === 0) {
    const complaint = `every test passed, but vitest failed (exit code ${code})`;
    return { passed, failed: 1, skipped, complaint };
  }
  return { passed, failed, skipped };
}

/** Each test that failed, with the beginning of why. */
function failures(report) {
  return (report?.testResults ?? []).flatMap((file) => {
    const name = relative(project, file.name);
    const failed = file.assertionResults.filter((test) => test.status === "failed");
    if (failed.length === 0)
      return failedOutsideItsTests(file) ? [`${name}: ${beginning(file.message)}`] : [];
    return failed.map(
      ({ fullName, failureMessages }) => `${name}: ${fullName}: ${beginning(failureMessages[0])}`,
    );
  });
}

/** The first lines of a failure, without the stack: in one line, for whoever reads only those. */
function beginning(text = "") {
  const lines = text.split("\n").map((line) => line.trim());
  const stack = lines.findIndex((line) => /^at .*:\d+:\d+\)?$/.test(line));
  const said = lines.slice(0, stack < 1 ? undefined : stack).filter((line) => line !== "");
  return said.slice(0, linesOfFailure).join(" | ").slice(0, lettersOfFailure);
}

/** True for a file that could not be loaded, or whose hooks failed. */
function failedOutsideItsTests(file) {
  return file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed");
}
