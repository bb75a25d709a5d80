// The short form of the fuzzer, always the same mutations. The long one: npx tsx test/corpus/main.ts
import { join } from "node:path";
import { expect, test } from "vitest";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { countFailures, fuzz } from "./fuzz.js";

const scratch = useScratchDirectory();

test("two hundred and fifty mutated archives are refused by their code, or become what GNU tar makes of them", async () => {
  const sums = await fuzz({ seed: 1, mutations: 250, failures: join(scratch.path, "failures") });
  expect(sums.failures).toEqual([]);
  expect(countFailures(sums)).toBe(0);
  expect(sums.mutations).toBe(250);
  expect(sums.accepted).toBeGreaterThan(25);
  expect(Object.keys(sums.splits.refused).sort()).toEqual(["CHECKSUM_MISMATCH", "IMAGE_BROKEN"]);
  // Which of the rarer codes come up changes with every archive that the corpus gets. Another code is a crash.
  expect(Object.keys(sums.refused)).toEqual(expect.arrayContaining(["BAD_ARCHIVE", "UNSAFE_ENTRY"]));
});
