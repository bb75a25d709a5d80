import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseMountTable, readMountTable } from "../../src/mount/mount-table.js";
import { useScratchMounts } from "../support/mounts/scratch-mounts.js";

const scratch = useScratchMounts();

/** Writes a field as the kernel does: `mangle(s, " \t\n\\#")` in fs/proc_namespace.c. */
function escapeField(text: string): string {
  return text.replace(
    /[ \t\n\\#]/g,
    (character) => `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`,
  );
}

describe("the mount table", () => {
  it("is read with any number of optional fields", () => {
    const content = [
      "22 1 254:0 / / rw,relatime - ext4 /dev/root rw",
      "36 35 98:0 /mnt1 /mnt2 rw,noatime shared:1 master:2 propagate_from:3 - overlay stevedore:00ff rw,lowerdir=0:1",
      "40 22 0:45 / /with\\040blank\\134and\\011more rw shared:7 - fuse.fuse-overlayfs fuse-overlayfs rw",
      "",
    ].join("\n");
    expect(parseMountTable(Buffer.from(content))).toEqual([
      { target: "/", type: "ext4", source: "/dev/root" },
      { target: "/mnt2", type: "overlay", source: "stevedore:00ff" },
      { target: "/with blank\\and\tmore", type: "fuse.fuse-overlayfs", source: "fuse-overlayfs" },
    ]);
  });

  it("passes over what does not have its form", () => {
    const content =
      "\nnonsense\n1 2 3:4 / /a rw\n1 2 3:4 / /a rw - \n - ext4 /dev/a rw\n1 2 3:4 / /b rw - ext4 d rw";
    expect(parseMountTable(Buffer.from(content))).toEqual([{ target: "/b", type: "ext4", source: "d" }]);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        expect(Array.isArray(parseMountTable(Buffer.from(bytes)))).toBe(true);
      }),
    );
  });

  it("gives back every path and source, whatever characters are in it", () => {
    const text = fc.string({ unit: "binary", minLength: 1 }).filter((each) => !each.includes("\0"));
    const entry = fc.record({
      target: text.map((path) => `/${path}`),
      type: fc.constantFrom("overlay", "aufs", "fuse.fuse-overlayfs"),
      source: text,
    });
    const optional = fc.array(fc.constantFrom("shared:1", "master:2", "unbindable"), { maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.tuple(entry, optional), { maxLength: 5 }), (mounts) => {
        const lines = mounts.map(([{ target, type, source }, fields]) =>
          [
            ...["1", "2", "0:1", "/", escapeField(target), "rw"],
            ...fields,
            "-",
            type,
            escapeField(source),
            "rw",
          ].join(" "),
        );
        expect(parseMountTable(Buffer.from(`${lines.join("\n")}\n`))).toEqual(mounts.map(([each]) => each));
      }),
    );
  });

  it("has what is mounted now under the name that it has", async () => {
    const directory = join(await scratch.fresh(), "a b\\c\nd #é");
    mkdirSync(directory);
    await execa("mount", ["-n", "-t", "tmpfs", "a source", directory]);
    expect(readMountTable()).toContainEqual({ target: directory, type: "tmpfs", source: "a source" });
    expect(readMountTable()).toHaveLength(
      readFileSync("/proc/self/mountinfo", "utf8").trim().split("\n").length,
    );
    await execa("umount", ["-n", directory]);
    expect(readMountTable().filter(({ target }) => target === directory)).toEqual([]);
  });
});
