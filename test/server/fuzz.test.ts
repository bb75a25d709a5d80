// The short form of the HTTP fuzz, always the same requests. The long one: npm run fuzz:http
import { expect, test } from "vitest";
import { fuzz } from "./fuzz/fuzz.js";

test("hundreds of right, wrong and hostile requests are answered as documented, and the server lives", async () => {
  const sums = await fuzz({ seed: 7, requests: 300, mostMs: 12_000 });
  expect(sums.failures).toEqual([]);
  expect(sums.requests).toBeGreaterThan(50);
  const succeeded = Object.entries(sums.statuses).filter(([status]) => status.startsWith("2"));
  expect(succeeded.reduce((sum, [, count]) => sum + count, 0)).toBeGreaterThan(sums.requests / 10);
  // What a server takes at first, and what its runtime leaves to collect.
  expect(sums.memory.last).toBeLessThan(sums.memory.first + 150 * 1024 ** 2);
});
