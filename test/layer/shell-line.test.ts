import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { shellLine } from "../../src/layer/shell-line.js";
import { recipeNames } from "../../src/terms/index.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();

async function makeImage(name: string): Promise<{ parent: string; image: string }> {
  const parent = await scratch.fresh();
  const image = join(parent, name);
  await mkdir(join(image, "layer"), { recursive: true });
  await writeFile(join(image, "json"), '{"id":"x"}');
  await writeFile(join(image, "layer", "naïve"), "content");
  return { parent, image };
}

test("the line of the default recipe is the documented one", () => {
  expect(shellLine("xz-6")).toBe(
    "{ cat json; echo; tar --sort=name --format=posix --numeric-owner " +
      "--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime " +
      "--xattrs --xattrs-include=security.capability --xattrs-include='user.*' -C layer -cf - . " +
      "| xz -6 --check=crc64 --block-size=8MiB -T2; } | sha256sum",
  );
});

describe.each(recipeNames)("the line of %s", (recipe) => {
  test.each(["plain", "with space", "it's", 'quo"te', "back\\slash", "$(id)", "-dash", "naïve", "a;b&c|d"])(
    "prints the same in the image's directory and from outside, where that is called %j",
    async (name) => {
      const { parent, image } = await makeImage(name);
      const inside = await shell(shellLine(recipe), { cwd: image });
      expect(inside.toString()).toMatch(/^[0-9a-f]{64} {2}-\n$/);
      expect(await shell(shellLine(recipe, { imageDirectory: image }), { cwd: "/" })).toEqual(inside);
      expect(await shell(shellLine(recipe, { imageDirectory: name }), { cwd: parent })).toEqual(inside);
    },
  );
});

// Not of docker: the locale decides how bsdtar writes names that are not ASCII.
describe.each(["xz-6", "xz-1"] as const)("the line of %s", (recipe) => {
  test("prints the same in any locale", async () => {
    const { image } = await makeImage("image");
    const inC = await shell(shellLine(recipe), { cwd: image, locale: "C" });
    expect(await shell(shellLine(recipe), { cwd: image, locale: "C.UTF-8" })).toEqual(inC);
  });
});
