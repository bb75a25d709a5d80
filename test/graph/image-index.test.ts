import { mkdirSync, renameSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openImageIndex, withPrefix } from "../../src/graph/image-index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

describe("withPrefix", () => {
  it("finds what a plain filter finds", () => {
    const name = fc.string({ unit: fc.constantFrom("a", "b", "0", ".", "Z"), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(name), name, (names, prefix) => {
        const sorted = [...names].sort();
        expect(withPrefix(sorted, prefix)).toEqual(sorted.filter((each) => each.startsWith(prefix)));
      }),
    );
  });

  it("finds what a plain filter finds among names of any characters", () => {
    fc.assert(
      fc.property(
        fc.array(fc.string({ unit: "binary" })),
        fc.string({ unit: "binary", maxLength: 2 }),
        (names, prefix) => {
          const sorted = [...names].sort();
          expect(withPrefix(sorted, prefix)).toEqual(sorted.filter((each) => each.startsWith(prefix)));
        },
      ),
    );
  });
});

describe("the index of a graph", () => {
  it("parts ids from other names and leaves staging out", async () => {
    const directory = await scratch.fresh();
    for (const name of ["b", "a", ":tmp:", "no id", "10", "9"]) mkdirSync(join(directory, name));
    writeFileSync(Buffer.concat([Buffer.from(`${directory}/`), Buffer.from([0xe9])]), "");
    expect(await openImageIndex(directory)()).toEqual({
      ids: ["10", "9", "a", "b"],
      strays: ["no id", "\xe9"],
    });
  });

  it("is empty for a directory that is not there, and sees it come", async () => {
    const directory = join(await scratch.fresh(), "graph");
    const index = openImageIndex(directory);
    expect((await index()).ids).toEqual([]);
    mkdirSync(join(directory, "a"), { recursive: true });
    expect((await index()).ids).toEqual(["a"]);
  });

  it("sees each of many changes, however fast they follow each other", async () => {
    const directory = await scratch.fresh();
    const index = openImageIndex(directory);
    for (let round = 0; round < 300; round++) {
      // Within one tick of the kernel's clock the directory's times do not tell these states apart.
      mkdirSync(join(directory, "a"));
      expect((await index()).ids).toEqual(["a"]);
      renameSync(join(directory, "a"), join(directory, "b"));
      expect((await index()).ids).toEqual(["b"]);
      rmdirSync(join(directory, "b"));
      expect((await index()).ids).toEqual([]);
    }
  });

  it("is not trusted when it was read right after a change, for another may bear the same time", async () => {
    const directory = await scratch.fresh();
    const index = openImageIndex(directory);
    let count = 0;
    const afterChange = async () => {
      mkdirSync(join(directory, `${count++}`));
      return new Set([await index(), await index()]).size;
    };
    // Again where this process was held up between the change and the reading.
    await expect.poll(afterChange, { timeout: 30_000 }).toBe(2);
  });

  it("is the same object, not read again, while a settled directory does not change", async () => {
    const directory = await scratch.fresh();
    mkdirSync(join(directory, "a"));
    const index = openImageIndex(directory);
    // An index read right after a change is not trusted: ask until the change has settled.
    const readTwice = async () => [await index(), await index()];
    const isKept = async () => new Set(await readTwice()).size === 1;
    await expect.poll(isKept).toBe(true);
    mkdirSync(join(directory, "b"));
    expect((await index()).ids).toEqual(["a", "b"]);
  });
});
