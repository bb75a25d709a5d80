import { readFileSync, writeFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { cachedRead } from "../../src/disk/cached-read.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

describe("a cached read", () => {
  it("has one reading under way at a time, however many ask right after a change, and all get what is there", async () => {
    const path = join(await scratch.fresh(), "file");
    let [running, most, readings] = [0, 0, 0];
    const read = cachedRead(
      path,
      async () => {
        running += 1;
        readings += 1;
        most = Math.max(most, running);
        const text = await readFile(path, "utf8");
        running -= 1;
        return text;
      },
      "absent",
    );
    expect(await read()).toBe("absent");
    for (let round = 0; round < 20; round++) {
      writeFileSync(path, `${round}`);
      const asked = Array.from({ length: 50 }, () => read());
      expect(new Set(await Promise.all(asked))).toEqual(new Set([readFileSync(path, "utf8")]));
    }
    expect(most).toBe(1);
    expect(readings).toBeLessThan(20 * 50);
  });

  it("that fails is tried again", async () => {
    const path = join(await scratch.fresh(), "file");
    writeFileSync(path, "{");
    const read = cachedRead(path, async () => JSON.parse(readFileSync(path, "utf8")), {});
    for (let round = 0; round < 3; round++) await expect(read()).rejects.toThrow(SyntaxError);
    writeFileSync(path, "[1]");
    expect(await read()).toEqual([1]);
  });
});
