import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type DeletionForm, openUpper, type UpperEntry } from "../../../src/layer/stack/upper.js";
import { onOverlay } from "../../support/mounts/overlay-mount.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";

const scratch = useScratchDirectory();

/** Opens an upper that lines of bash make. */
async function upperOf(lines: string, form: DeletionForm) {
  const directory = await scratch.fresh();
  await shell(`set -eu; ${lines}`, { cwd: directory, locale: "C" });
  return openUpper({ directory, form });
}

const file = (name: string, isNew = false): UpperEntry => ({ name, isDirectory: false, isNew });
const directory = (name: string, isNew = false): UpperEntry => ({ name, isDirectory: true, isNew });
const empty = { isOpaque: false, deleted: [], written: [] };

describe("a directory of an upper", () => {
  test("is read by its path, what it holds sorted by bytes", async () => {
    const read = await upperOf(
      String.raw`mkdir b; touch b/x a-b a "$(printf '\xff')" B; mkdir b/.d`,
      "devices",
    );
    expect(await read("")).toEqual({
      ...empty,
      written: [file("B"), file("a"), file("a-b"), directory("b"), file("\xff")],
    });
    expect(await read("b")).toEqual({ ...empty, written: [directory(".d"), file("x")] });
    expect(await read("b/.d")).toEqual(empty);
  });

  test("as the kernel leaves it has devices for what was deleted, and no other device is one", async () => {
    const lower = await scratch.fresh();
    await shell("mkdir kept gone; touch kept/z kept/a kept/m gone/x", { cwd: lower });
    await onOverlay(await scratch.fresh(), [lower], async ({ merged, upper }) => {
      await shell("rm kept/z kept/a; mknod kept/null c 1 3; mknod kept/disk b 0 0; rm -r gone", {
        cwd: merged,
      });
      const read = await openUpper({ directory: upper, form: "devices" });
      expect(await read("")).toEqual({ ...empty, deleted: ["gone"], written: [directory("kept")] });
      const written = [file("disk"), file("null")];
      expect(await read("kept")).toEqual({ ...empty, deleted: ["a", "z"], written });
    });
  });

  test("as the kernel leaves it is opaque where it was made anew, at any depth and by any name", async () => {
    const lower = await scratch.fresh();
    const names = ["a", ".a", "..a", "c/.b", ".c/b", "-a", " a\n"];
    const quoted = names.map((name) => `'./${name}'`).join(" ");
    await shell(`mkdir -p ${quoted}`, { cwd: lower });
    await onOverlay(await scratch.fresh(), [lower], async ({ merged, upper }) => {
      await shell(`for d in ${quoted}; do rm -r "$d"; mkdir -p "$d"; done; mkdir new`, { cwd: merged });
      const read = await openUpper({ directory: upper, form: "devices" });
      for (const name of names) expect([name, (await read(name)).isOpaque]).toEqual([name, true]);
      expect((await read("")).isOpaque).toBe(false);
    });
  });

  test("in the form of files tells what was deleted and made anew from what was only written", async () => {
    const lines =
      "touch a b .wh.b .wh.c; mkdir d e .wh..wh.plnk; touch .wh.e; mknod f c 0 0; touch e/.wh..wh..opq";
    const read = await upperOf(lines, "files");
    expect(await read("")).toEqual({
      isOpaque: false,
      deleted: ["c", "f"],
      written: [file("a"), file("b", true), directory("d"), directory("e", true)],
    });
    expect(await read("e")).toEqual({ ...empty, isOpaque: true });
    expect(await read("d")).toEqual(empty);
  });

  test("in the form of devices has names that begin with .wh. as any others", async () => {
    const read = await upperOf("touch .wh.a .wh..wh..opq; mkdir .wh.d", "devices");
    expect(await read("")).toEqual({
      ...empty,
      written: [file(".wh..wh..opq"), file(".wh.a"), directory(".wh.d")],
    });
  });

  test("is a symbolic link never", async () => {
    const read = await upperOf("mkdir d; touch d/x; ln -s d link", "files");
    expect((await read("")).written).toEqual([directory("d"), file("link")]);
  });
});

test("an upper that is not there is INTERNAL", async () => {
  const missing = { directory: join(scratch.path, "not-there"), form: "devices" } as const;
  await expect(openUpper(missing)).rejects.toMatchObject({
    code: "INTERNAL",
    message: expect.stringContaining(missing.directory),
  });
});
