// Runs in parts add up: what each part wrote is read again, and the total is the sum.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openSummary, readSummaries, totalTable } from "./summary.js";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "stevedore-summary-"));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Writes a part of two trials of one kind. */
function writePart(seed: number, findings: readonly string[] = []): void {
  const { add } = openSummary({ directory, scratch: directory }, { arguments: ["--minutes", "8"], seed });
  add("kill", { jobs: 600, deeds: new Map([["killed the worker", 7]]), findings: [] });
  const deeds = new Map([
    ["killed the worker", 3],
    ["killed Redis", 2],
    ["emptied Redis", 1],
  ]);
  add("kill", { jobs: 700, deeds, counts: new Map([["jobs begun again", 1_200]]), findings });
}

it("adds parts up, with their seeds and all that was found", () => {
  writePart(5);
  writePart(9, ["--seed 9 --only kill: the image a is gone"]);
  const summaries = readSummaries(directory);
  expect(summaries.map(({ seed, trials }) => [seed, trials.kill?.deeds])).toEqual([
    [5, { "killed the worker": 10, "killed Redis": 2, "emptied Redis": 1 }],
    [9, { "killed the worker": 10, "killed Redis": 2, "emptied Redis": 1 }],
  ]);
  const [, , line = ""] = totalTable(summaries).split("\n");
  const cells = line.split(" | ");
  expect(cells.slice(2, 8)).toEqual([
    ...["5, 9", "0 in 2 parts", "4", "2,600"],
    ...["20 killed the worker; 4 killed Redis; 2 emptied Redis", "2,400 jobs begun again"],
  ]);
  expect(cells.at(-1)).toBe("1 |");
});

it("tells kills a minute by the deeds that are kills and the time from beginning to end", () => {
  writePart(5);
  const [part] = readSummaries(directory);
  const hour = { ...part, begun: "2026-11-30T12:00:00.000Z", ended: "2026-11-30T12:24:00.000Z" };
  expect(totalTable([hour as NonNullable<typeof part>])).toMatch(/\| 24 in 1 parts \| .* \| 0\.5 \| 0 \|$/);
});

it("refuses a file that is none, or is half", () => {
  writePart(5);
  writeFileSync(join(directory, "half.json"), '{"version":1');
  expect(() => readSummaries(directory)).toThrow("half.json is no summary of a run");
  rmSync(join(directory, "half.json"));
  expect(readdirSync(directory)).toHaveLength(1);
});
