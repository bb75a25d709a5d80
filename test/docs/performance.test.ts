// docs/performance.md names the rows that `npm run bench` has.
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

it("lists every row of the benchmarks, and no other", () => {
  const [, table = ""] = /const measurements[^{]*\{(.*?)\n\};/s.exec(read("bench/main.ts")) ?? [];
  const rows = [...table.matchAll(/^ {2}"?([\w-]+)"?: /gm)].map(([, name = ""]) => name);
  expect(rows.length).toBeGreaterThan(10);
  const [, list = ""] = /measures some rows only \(([^;]*);/.exec(read("docs/performance.md")) ?? [];
  const listed = [...list.matchAll(/`([\w-]+)`/g)].map(([, name = ""]) => name);
  const groups = new Set(rows.map((name) => name.replace(/^(blocks|scale)-.*/, "$1")));
  expect(listed.sort()).toEqual([...groups].sort());
});
