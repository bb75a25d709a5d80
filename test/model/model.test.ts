// The protocol of sets of images, by a model of it. The long form, with all kinds of faults in one run, is `npm run model`.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { checkModel, faults, parts } from "./check.js";

it.each(Object.entries(faults))("holds in every order of the steps: %s", async (_, defines) => {
  const { fault, states } = await checkModel(defines);
  expect(fault).toBeUndefined();
  expect(states).toBeGreaterThan(1_000);
});

it.each(Object.entries(parts))("would not hold without the %s", async (part, defines) => {
  const isQuick = !(defines.includes("KILLS=1") && defines.includes("CUTS=1"));
  const verdict = await checkModel([`WITHOUT_${part}`, ...defines], isQuick ? "-O0" : "-O1");
  expect(verdict.fault).toBeDefined();
});

it("names what the code names", async () => {
  const graph = join(import.meta.dirname, "../../src/graph");
  const sources = (await readdir(graph, { recursive: true })).filter((name) => name.endsWith(".ts"));
  const named = new Set<string>();
  for (const source of sources) {
    const text = await readFile(join(graph, source), "utf8");
    for (const [name] of text.matchAll(
      /\b(SYNC_OF|SYNC_BEFORE|LOCK_OF|LOOK_AT|COMPLETION_FIRST|LEASE)(_[A-Z]+)*\b/g,
    ))
      named.add(name);
  }
  expect([...named].sort()).toEqual(Object.keys(parts).sort());
});
