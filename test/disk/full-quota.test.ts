// A full quota, for whose error Node has no name, is a full disk. Btrfs has quotas in every kernel that has Btrfs.
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ioError, makeDirectory, replaceFile } from "../../src/disk/index.js";
import { failureOf } from "../../src/terms/error.js";
import { isErrno } from "../../src/terms/index.js";
import { unmountBelow } from "../support/mounts/mounted.js";
import { shell } from "../support/processes/shell.js";
import { useScratchDirectory } from "../support/scratch-directory.js";

const scratch = useScratchDirectory();
/** On a disk with much space, whose quota is used up. */
let full: string;

beforeAll(async () => {
  full = await scratch.fresh();
  const image = join(await scratch.fresh(), "image");
  await shell(`truncate -s 200M ${image} && mkfs.btrfs -q ${image} && mount -o loop ${image} ${full}`);
  mkdirSync(join(full, "there"));
  await shell(`btrfs quota enable ${full} && btrfs qgroup limit 200K 0/5 ${full}`);
  await shell(`while head -c 4096 /dev/zero >> ${full}/filler; do :; done 2>/dev/null; sync -f ${full}`);
  await shell(`for n in $(seq 2000); do mkdir ${full}/filler-$n || break; done 2>/dev/null`);
});
afterAll(() => unmountBelow(scratch.path));

it("is what making a directory fails by", () => {
  for (const path of ["one", "one/two", "there/one/two"]) {
    let thrown: unknown;
    try {
      makeDirectory(join(full, path));
    } catch (error) {
      thrown = error;
    }
    expect(isErrno(thrown, "EDQUOT")).toBe(true);
  }
});

it("is NO_SPACE, and says that it is a quota", async () => {
  const path = join(full, "there/file");
  const thrown: unknown = await replaceFile(path, "x".repeat(300_000)).catch((error: unknown) => error);
  const failure = { code: "NO_SPACE", message: expect.stringContaining("disk quota exceeded") };
  expect(failureOf(thrown)).toMatchObject(failure);
  expect(ioError(thrown, "the file cannot be written")).toMatchObject(failure);
  expect(() => writeFileSync(path, "x".repeat(300_000))).toThrow();
  try {
    writeFileSync(path, "x".repeat(300_000));
  } catch (error) {
    expect(failureOf(error)).toMatchObject(failure);
  }
});

it("leaves no temporary file of one that cannot be replaced", async () => {
  const path = join(await scratch.fresh(), "taken");
  mkdirSync(path);
  await expect(replaceFile(path, "x")).rejects.toMatchObject({ code: "EISDIR" });
  expect(existsSync(`${path}.new`)).toBe(false);
});
