import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createStampedMemory, joinStamps, readStamp } from "../../src/disk/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
/** Longer than it takes a stamp to settle. */
const settling = 40;

describe("what is remembered under a stamp", () => {
  it("is recalled as long as no file of it changes, appears or goes", async () => {
    const directory = await scratch.fresh();
    const [one, other] = [join(directory, "one"), join(directory, "other")];
    writeFileSync(one, "1");
    const stampNow = () => joinStamps([one, other].map(readStamp));
    const memory = createStampedMemory<string>();
    const changes = [
      () => writeFileSync(other, "2"),
      () => writeFileSync(one, "3"),
      () => utimesSync(one, 1, 1),
      () => rmSync(other),
      () => mkdirSync(other),
    ];
    for (const [round, change] of changes.entries()) {
      await setTimeout(settling);
      memory.note("key", stampNow(), `${round}`);
      expect(memory.recall("key", stampNow())).toBe(`${round}`);
      expect(memory.recall("another", stampNow())).toBeUndefined();
      change();
      expect(memory.recall("key", stampNow())).toBeUndefined();
    }
  });

  it("is nothing where a file changed just before, and no more than is wanted", async () => {
    const path = join(await scratch.fresh(), "file");
    const memory = createStampedMemory<number | null>();
    writeFileSync(path, "1");
    const fresh = joinStamps([readStamp(path)]);
    memory.note("a", fresh, 1);
    expect(memory.recall("a", fresh)).toBeUndefined();
    await setTimeout(settling);
    const settled = joinStamps([readStamp(path)]);
    for (const key of ["a", "b", "c"]) memory.note(key, settled, null);
    memory.note("b", settled, undefined);
    memory.keepOnly(["a"]);
    expect(["a", "b", "c"].map((key) => memory.recall(key, settled))).toEqual([null, undefined, undefined]);
  });

  it("is of so many keys at most: the oldest makes room", async () => {
    const path = join(await scratch.fresh(), "file");
    writeFileSync(path, "1");
    await setTimeout(settling);
    const stamp = joinStamps([readStamp(path)]);
    const memory = createStampedMemory<number>(2);
    for (const [at, key] of ["a", "b", "a", "c"].entries()) memory.note(key, stamp, at);
    expect(["a", "b", "c"].map((key) => memory.recall(key, stamp))).toEqual([2, undefined, 3]);
  });
});
