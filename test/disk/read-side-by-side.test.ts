import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { readSideBySide, readStamp } from "../../src/disk/index.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** Directories with files a and b, of which some lack one, or have something else in its place. */
async function makeDirectories(count: number) {
  const parent = await scratch.fresh();
  const names = Array.from({ length: count }, (_, number) => `d${number}`);
  for (const [number, name] of names.entries()) {
    const directory = join(parent, name);
    mkdirSync(join(directory, "sub"), { recursive: true });
    if (number % 7 === 3) symlinkSync("b", join(directory, "a"));
    else writeFileSync(join(directory, "a"), `a of ${name} é`);
    if (number % 5 !== 2) writeFileSync(join(directory, "b"), "b".repeat((number % 11) + 1));
    if (number % 13 === 4) rmSync(join(directory, "sub"), { recursive: true });
  }
  return { parent, names };
}

const wanted = { files: ["a", "b"], directory: "sub", isStamped: true };

it("reads each directory once, by either thread, and leaves what is unusual to this one", async () => {
  const { parent, names } = await makeDirectories(1_500);
  const [here, there] = [new Set<number>(), new Set<number>()];
  await readSideBySide(
    parent,
    names,
    wanted,
    (at) => {
      expect(here.has(at) || there.has(at)).toBe(false);
      here.add(at);
    },
    (at, { files: [a, b], stamp }) => {
      expect(here.has(at) || there.has(at)).toBe(false);
      there.add(at);
      const directory = join(parent, names[at] ?? "");
      expect(`${a}`).toBe(readFileSync(join(directory, "a"), "utf8"));
      expect(b === null ? null : `${b}`).toBe(at % 5 === 2 ? null : "b".repeat((at % 11) + 1));
      expect(stamp?.text).toBe(readStamp(join(directory, "a"))?.text);
      expect([at % 7 === 3, at % 13 === 4]).toEqual([false, false]);
    },
    undefined,
    1,
  );
  expect(here.size + there.size).toBe(names.length);
});

it("leaves nothing out, with the other thread or without it", async () => {
  const { parent, names } = await makeDirectories(600);
  for (const least of [1, Number.POSITIVE_INFINITY]) {
    const read = new Set<number>();
    await readSideBySide(
      parent,
      names,
      wanted,
      (at) => read.add(at),
      (at) => read.add(at),
      undefined,
      least,
    );
    expect(read.size).toBe(names.length);
  }
});

it("throws what either throws, and ends when it is aborted", async () => {
  const { parent, names } = await makeDirectories(600);
  const fails = () => {
    throw new Error("no");
  };
  await expect(readSideBySide(parent, names, wanted, fails, fails, undefined, 1)).rejects.toThrow("no");
  const aborted = readSideBySide(
    parent,
    names,
    wanted,
    () => {},
    () => {},
    AbortSignal.abort(),
    1,
  );
  await expect(aborted).rejects.toMatchObject({ code: "CANCELLED" });
});
