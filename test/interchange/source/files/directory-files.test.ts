// The files of a directory: links are followed inside of it alone, also while somebody exchanges them.
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { openDirectory } from "../../../../src/interchange/source/files/directory-files.js";
import type { SourceFiles } from "../../../../src/interchange/source/files/files.js";
import { useScratchDirectory } from "../../../support/scratch-directory.js";

const scratch = useScratchDirectory();

async function within(path: string, use: (files: SourceFiles) => Promise<void>): Promise<void> {
  await using directory = await open(path, "r");
  await using files = openDirectory(directory);
  await use(files);
}

async function contentOf(files: SourceFiles, name: string): Promise<string> {
  let content = "";
  for await (const chunk of (await (await files.find(name))?.open()) ?? []) content += chunk;
  return content;
}

it("follows links that stay inside, of directories and of files", async () => {
  const root = await scratch.fresh();
  mkdirSync(join(root, "a/b"), { recursive: true });
  writeFileSync(join(root, "a/b/f"), "found");
  symlinkSync("a/b", join(root, "to-directory"));
  symlinkSync("../b/../b/f", join(root, "a/b/to-file"));
  await within(root, async (files) => {
    for (const name of ["a/b/f", "to-directory/f", "to-directory/to-file", "./a//b/./f"]) {
      expect(await contentOf(files, name)).toBe("found");
    }
    expect(await files.find("a/none/f")).toBeUndefined();
    expect(await files.find("a/b/f/g")).toBeUndefined();
    expect([...(await files.directories())].sort()).toEqual(["a"]);
    await expect(files.find("a/b")).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
  });
});

it.each([
  ["a name", "../secret", "a"],
  ["a name that goes in first", "a/../../secret", "a"],
  ["an absolute name", "/etc/passwd", "a"],
  ["a file's link", "link", "../secret"],
  ["an absolute link", "link", "/etc/passwd"],
  ["a link that leads back in", "link", "../in/a/f"],
  ["a directory's link", "link/secret", ".."],
])("refuses %s that leads out", async (_, name, target) => {
  const outside = await scratch.fresh();
  writeFileSync(join(outside, "secret"), "secret");
  const root = join(outside, "in");
  mkdirSync(join(root, "a"), { recursive: true });
  writeFileSync(join(root, "a/f"), "f");
  symlinkSync(target, join(root, "link"));
  await within(root, async (files) => {
    await expect(files.find(name)).rejects.toMatchObject({ code: "UNSAFE_ENTRY" });
  });
});

it("does not open what was exchanged for a link after it was found", async () => {
  const outside = await scratch.fresh();
  mkdirSync(join(outside, "d"));
  writeFileSync(join(outside, "d/f"), "secret");
  const root = join(outside, "in");
  mkdirSync(join(root, "d"), { recursive: true });
  writeFileSync(join(root, "d/f"), "f");
  await within(root, async (files) => {
    const found = await files.find("d/f");
    rmSync(join(root, "d/f"));
    symlinkSync(join(outside, "d/f"), join(root, "d/f"));
    await expect(found?.open()).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
    renameSync(join(root, "d"), join(root, "moved"));
    symlinkSync(join(outside, "d"), join(root, "d"));
    await expect(found?.open()).rejects.toMatchObject({ code: "BAD_ARCHIVE" });
  });
});
