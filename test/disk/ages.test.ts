// The ages of files on a host whose clock was set.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it, vi } from "vitest";
import { openAges } from "../../src/disk/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
const hour = 3_600_000;
const real = Date.now;
const setClock = (by: number) => vi.spyOn(Date, "now").mockImplementation(() => real() + by);
afterEach(() => void vi.restoreAllMocks());

it("are what the clock says, as long as nobody sets it", async () => {
  const root = await scratch.fresh();
  const now = Date.now();
  for (const ageOf of [openAges(root, "h"), openAges(root, "h")]) {
    expect(ageOf(now - 2 * hour)).toBeGreaterThanOrEqual(2 * hour);
    expect(ageOf(now - 2 * hour)).toBeLessThan(2 * hour + 60_000);
  }
  expect(readdirSync(join(root, "run/clocks"))).toEqual(["h"]);
});

it("do not grow by the step of a clock that is set forward", async () => {
  const root = await scratch.fresh();
  const made = Date.now() - 60_000;
  openAges(root, "h");
  setClock(hour);
  const ageOf = openAges(root, "h");
  expect(ageOf(made)).toBeLessThan(5 * 60_000);
  expect(ageOf(made - 24 * hour)).toBeGreaterThan(24 * hour);
  expect(ageOf(Date.now() - 1_000)).toBeLessThan(5 * 60_000);
  setClock(2 * hour);
  expect(openAges(root, "h")(made)).toBeLessThan(5 * 60_000);
  setClock(0);
  expect(openAges(root, "h")(made)).toBeLessThan(5 * 60_000);
});
