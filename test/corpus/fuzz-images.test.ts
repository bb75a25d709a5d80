// The short form of the fuzzer of images, always the same mutations. The long one: npx tsx test/corpus/main.ts --kind images
import { join } from "node:path";
import { expect, test } from "vitest";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { fuzzImages } from "./fuzz-images.js";

const scratch = useScratchDirectory();

test("sixty mutated archives of images are imported whole, or refused by their code with nothing left", async () => {
  const sums = await fuzzImages({ seed: 1, mutations: 60, failures: join(scratch.path, "failures") });
  expect(sums.failures).toEqual([]);
  expect(sums.mutations).toBe(60);
  expect(sums.accepted).toBeGreaterThan(5);
  expect(Object.keys(sums.refused)).toEqual(expect.arrayContaining(["BAD_ARCHIVE", "SOURCE_MISMATCH"]));
});
