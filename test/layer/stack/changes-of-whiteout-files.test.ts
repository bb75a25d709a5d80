import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import { beforeAll, describe, expect, test } from "vitest";
import type { DeletionForm } from "../../../src/layer/stack/upper.js";
import { upperAfter } from "../../support/mounts/overlay-mount.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { changeLines } from "../../support/trees/upper-changes.js";

const scratch = useScratchDirectory();
const old = "find . -depth -exec touch -h -d '2012-12-12 12:12:12.5' {} +";

async function treeOf(script: string): Promise<string> {
  const tree = await scratch.fresh();
  await shell(`set -eu\n${script}\n${old}`, { cwd: tree, locale: "C" });
  return tree;
}

let base: string;
beforeAll(async () => {
  base = await treeOf(`
    mkdir -p etc d/e/f .config
    touch etc/hostname etc/ostname etc/opq d/x d/e/y d/e/f/z .config/a .opq opq plnk`);
});

/** What an upper that these lines make changes of the base. */
async function changed(lines: string, form: DeletionForm = "files"): Promise<string[]> {
  return changeLines(await treeOf(lines), [base], form);
}

describe("an upper in the form of AUFS", () => {
  test("deletes /etc/hostname by .wh.hostname, and no /etc/ostname", async () => {
    expect(await changed("mkdir etc; touch etc/.wh.hostname")).toEqual(["D /etc/hostname"]);
  });

  test("has an opaque marker for directories that hide what is below, not a deleted file opq", async () => {
    expect(await changed("mkdir etc; touch etc/.wh..wh..opq etc/ostname")).toEqual([
      "D /etc/hostname",
      "D /etc/opq",
      "C /etc/ostname",
    ]);
    expect(await changed("touch .wh..wh..opq; mkdir etc new; touch etc/opq")).toEqual([
      "D /.config",
      "D /.opq",
      "D /d",
      "D /etc/hostname",
      "C /etc/opq",
      "D /etc/ostname",
      "A /new",
      "D /opq",
      "D /plnk",
    ]);
  });

  test("deletes what an opaque directory does not bring back, in the directories that it brings back, too", async () => {
    expect(await changed("mkdir -p d/e/f/new; touch d/.wh..wh..opq d/e/y")).toEqual([
      "A /d/e/f/new",
      "D /d/e/f/z",
      "C /d/e/y",
      "D /d/x",
    ]);
  });

  test("has other names of AUFS's own, which are no changes", async () => {
    const lines =
      "touch .wh..wh.aufs .wh. .wh..; mkdir -p .wh..wh.plnk/1.2 .wh..wh.orph; touch .wh..wh.plnk/1.2/x";
    expect(await changed(lines)).toEqual([]);
  });

  test("changes nothing by the whiteout of a name that no layer has", async () => {
    expect(await changed("touch .wh.none; mkdir etc; touch etc/.wh.none etc/.wh..wh.none")).toEqual([]);
  });

  test("has a name that was deleted and made anew as a change", async () => {
    expect(await changed("touch .wh.opq opq .wh.plnk; mkdir plnk")).toEqual(["C /opq", "C /plnk"]);
  });

  test("has a directory that was deleted and made anew as one that hides what it was", async () => {
    expect(await changed("mkdir -p d/e; touch .wh.d d/new")).toEqual([
      "D /d/e/f",
      "D /d/e/y",
      "A /d/new",
      "D /d/x",
    ]);
  });

  test("has a file in place of a directory, and the reverse, as a change", async () => {
    expect(await changed("touch d; mkdir -p opq/in")).toEqual(["C /d", "C /opq", "A /opq/in"]);
  });

  test("deletes by a device as well, which fuse-overlayfs makes where it may", async () => {
    expect(await changed("mkdir etc; mknod etc/hostname c 0 0; mknod plnk c 0 0")).toEqual([
      "D /etc/hostname",
      "D /plnk",
    ]);
  });

  test("deletes no .opq by the device .wh..opq, by which fuse-overlayfs marks an opaque directory, too", async () => {
    const lines = "mkdir d; mknod d/.wh..opq c 0 0; touch d/.wh..wh..opq; mknod .wh..opq c 0 0";
    expect(await changed(lines)).toEqual(["D /d/e", "D /d/x"]);
  });

  test("has what only fuse-overlayfs wants to know as no attribute of the directory", async () => {
    const lines =
      "mkdir d etc; setfattr -n user.fuseoverlayfs.origin -v x d; setfattr -n user.overlay.impure -v y etc";
    expect(await changed(lines)).toEqual([]);
    expect(await changed(`${lines}; setfattr -n user.mine -v y etc`)).toEqual(["C /etc"]);
  });

  test.each(["trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque"])(
    "may have an opaque directory by the attribute %s, as the form of devices by that of the kernel",
    async (name) => {
      for (const form of ["files", "devices", "names"] as const)
        for (const value of ["y", "x"]) {
          const lines = `mkdir -p d .config; setfattr -n ${name} -v ${value} d`;
          const isHeeded = form === "files" || (form === "devices" && name.startsWith("trusted."));
          // What is not the driver's is the user's.
          const otherwise = isHeeded || name.startsWith("trusted.") ? [] : ["C /d"];
          expect(await changed(lines, form)).toEqual(
            isHeeded && value === "y" ? ["D /d/e", "D /d/x"] : form === "files" ? [] : otherwise,
          );
        }
    },
  );
});

test("the form of devices takes the names of AUFS for files", async () => {
  expect(await changed("touch .wh.opq; mkdir etc; touch etc/.wh..wh..opq .wh..wh.plnk", "devices")).toEqual([
    "A /.wh..wh.plnk",
    "A /.wh.opq",
    "A /etc/.wh..wh..opq",
  ]);
});

describe("layers that hold whiteouts themselves", () => {
  test("are compared by what is seen of them", async () => {
    const layer = await treeOf(
      "mkdir -p etc d/e; touch .wh.opq etc/.wh.ostname d/.wh..wh..opq d/new d/e/new .wh.plnk plnk",
    );
    // The same by hand in the form of the kernel.
    const view = await treeOf(`
      mkdir -p etc d/e; touch d/new d/e/new plnk; mknod opq c 0 0; mknod etc/ostname c 0 0
      setfattr -n trusted.overlay.opaque -v y d`);
    const changed = async (lines: string) =>
      changeLines(await upperAfter(await scratch.fresh(), [view, base], lines), [layer, base]);
    expect(await changed("touch opq; echo x > plnk; touch d/x; rm d/e/new")).toEqual([
      "C /d",
      "C /d/e",
      "D /d/e/new",
      "A /d/x",
      "A /opq",
      "C /plnk",
    ]);
    expect(await changed("rm -r etc d; mkdir etc d d/e; touch etc/opq")).toEqual([
      "C /d",
      "C /d/e",
      "D /d/e/new",
      "D /d/new",
      "C /etc",
      "D /etc/hostname",
      "C /etc/opq",
    ]);
    expect(await changed("mkdir opq; touch opq/x; rm plnk")).toEqual(["A /opq", "A /opq/x", "D /plnk"]);
  });
});

describe("an upper that fuse-overlayfs left", () => {
  test("has the changes that were made in its mount", async () => {
    const layer = await treeOf("touch .wh.opq; mkdir d; touch d/.wh.x");
    const directory = await scratch.fresh();
    for (const name of ["merged", "upper", "work"]) await mkdir(join(directory, name));
    const options = `lowerdir=${layer}:${base},upperdir=upper,workdir=work`;
    await execa("fuse-overlayfs", ["-o", options, "merged"], { cwd: directory });
    try {
      const lines = `
        rm etc/hostname; touch etc/new opq; echo x >> plnk
        rm -r d; mkdir -p d/e; touch d/e/y d/again
        rm -r .config; mkdir .config`;
      await shell(`set -eu\n${lines}`, { cwd: join(directory, "merged"), locale: "C" });
    } finally {
      await execa("fusermount3", ["-u", join(directory, "merged")]);
    }
    expect(await changeLines(join(directory, "upper"), [layer, base], "files")).toEqual([
      "C /.config",
      "D /.config/a",
      "C /d",
      "A /d/again",
      "C /d/e",
      "D /d/e/f",
      "C /d/e/y",
      "C /etc",
      "D /etc/hostname",
      "A /etc/new",
      "A /opq",
      "C /plnk",
    ]);
  });
});
