// A process that leaks is found by the same looks, the same table of bounds and the same lines as a worker would be.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { describe, expect, it } from "vitest";
import { sampleProcess } from "./process-sample.js";
import { newRecording } from "./record.js";
import { closingLines, isGood } from "./report.js";
import type { SeriesName } from "./series.js";
import type { SoakResult } from "./soak.js";
import { newTally } from "./tally.js";

/** What a process does for each job, as JavaScript; `kept` stays. */
const leaks = {
  nothing: "Buffer.alloc(100_000, 1)",
  memory: "kept.push(Buffer.alloc(400_000, 1))",
  descriptors: "kept.push(fs.openSync('/dev/null'))",
  children: "kept.push(childProcess.spawn('sleep', ['60']))",
} as const;

/** Has a process do that 120 times, and looks at it each time. */
async function record(leak: string): Promise<SoakResult> {
  const script = `const fs = require('node:fs'), childProcess = require('node:child_process'), kept = [];
    process.stdin.on('data', () => { ${leak}; console.log('done'); });
    process.stdin.on('end', () => { for (const each of kept) each.kill?.(); process.exit(); });`;
  const leaking = spawn(process.execPath, ["-e", script], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(leaking, "exit");
  const lines = createInterface(leaking.stdout)[Symbol.asyncIterator]();
  const recording = newRecording();
  const quiet = { latency: 0, views: 0, strays: 0, "redis-keys": 0, "redis-memory": 0, "redis-clients": 0 };
  for (let job = 1; job <= 120; job++) {
    leaking.stdin.write("job\n");
    await lines.next();
    recording.add(job, { ...quiet, ...sampleProcess(leaking.pid ?? 0) });
  }
  leaking.stdin.end();
  await ended;
  return { tally: newTally(), recording, durationMs: 1, checked: 0 };
}

function notFlat({ recording }: SoakResult): SeriesName[] {
  return recording.verdicts().flatMap(({ series, isFlat }) => (isFlat ? [] : [series.name]));
}

describe("a process", () => {
  it("that holds on to nothing is flat", async () => {
    const result = await record(leaks.nothing);
    expect(notFlat(result)).toEqual([]);
    expect(isGood(result)).toBe(true);
    expect(closingLines(result).at(-1)).toMatch(/, 0 lost, flat$/);
  });

  it("that leaks memory, a descriptor or a child per job is not", async () => {
    expect(notFlat(await record(leaks.memory))).toEqual(["memory"]);
    expect(notFlat(await record(leaks.children))).toContain("children");
    const result = await record(leaks.descriptors);
    expect(notFlat(result)).toEqual(["descriptors"]);
    expect(isGood(result)).toBe(false);
    expect(closingLines(result).at(-1)).toMatch(/, 0 lost, not flat$/);
    expect(closingLines(result).find((line) => line.startsWith("descriptors"))).toMatch(/NOT FLAT$/);
  });
});
