// The file in which runs of the benchmarks add up.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { keepResults, readResults, thisMachine } from "../../bench/results.js";

const scratch = mkdtempSync(join(tmpdir(), "stevedore-results-"));
afterAll(() => rmSync(scratch, { recursive: true }));

const machine = thisMachine();
const measured = (measurement: string, value: number) => ({
  ...{ what: measurement, against: "-", on: "", ours: value, peer: null, unit: "ms", value, target: null },
  ...{ measurement, measuredAt: "2026-01-01T00:00:00Z" },
});

it("has each measurement's last rows, on one machine", () => {
  const file = join(scratch, "new/latest.json");
  keepResults(file, machine, [measured("mount", 1), measured("mount", 2)]);
  keepResults(file, machine, [measured("export", 3)]);
  expect(keepResults(file, machine, [measured("mount", 4)])).toEqual(readResults(file));
  expect(readResults(file).rows).toEqual([measured("export", 3), measured("mount", 4)]);
  keepResults(file, { ...machine, cores: machine.cores + 1 }, [measured("push", 5)]);
  expect(readResults(file).rows).toEqual([measured("push", 5)]);
});

it("is named where it is not there, or is something else", () => {
  for (const content of [undefined, "{", "[]", '{"rows":[]}']) {
    const file = join(scratch, "other.json");
    if (content !== undefined) writeFileSync(file, content);
    expect(() => readResults(file)).toThrow(file);
  }
});
