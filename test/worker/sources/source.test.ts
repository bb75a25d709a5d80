import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { expectNothingLeft, runJob, useDock } from "../../support/dock.js";
import { archive, entry } from "../../support/trees/crafted-tar.js";

const dock = useDock();

describe("a source that is not right leaves nothing behind", () => {
  /** What bash makes of the good archive, `$1`, in the file `$2`. */
  const madeBy = (script: string) => (path: string) => {
    execFileSync("bash", ["--norc", "-ec", script, "bash", dock.archive, path], { cwd: dock.scratch });
  };
  const crafted =
    (...entries: Buffer[]) =>
    (path: string) =>
      writeFileSync(path, archive(...entries));
  const flipByte = `byte=$(od -An -tu1 -j150 -N1 "$2")
    printf "\\\\x$(printf %x $((byte ^ 255)))" | dd of="$2" bs=1 seek=150 conv=notrunc status=none`;
  it.each([
    ["no archive", madeBy('seq 1 20000 > "$2"'), "BAD_ARCHIVE"],
    ["an empty file", madeBy(': > "$2"'), "BAD_ARCHIVE"],
    ["cut short in a header", madeBy('head -c 700 "$1" > "$2"'), "BAD_ARCHIVE"],
    ["cut short between entries", madeBy('head -c 1024 "$1" > "$2"'), "BAD_ARCHIVE"],
    ["cut short in the compressed stream", madeBy('xz -c "$1" | head -c 200 > "$2"'), "BAD_ARCHIVE"],
    ["a flipped byte in gzip", madeBy(`gzip -c "$1" > "$2"; ${flipByte}`), "BAD_ARCHIVE"],
    ["a flipped byte in xz", madeBy(`xz -c "$1" > "$2"; ${flipByte}`), "BAD_ARCHIVE"],
    ["../x", crafted(entry({ name: "ok" }, "1"), entry({ name: "../x" }, "2")), "UNSAFE_ENTRY"],
    ["a/../../x", crafted(entry({ name: "a/../../x" }, "2")), "UNSAFE_ENTRY"],
    ["a hard link to ../x", crafted(entry({ name: "h", type: "1", linkName: "../x" })), "UNSAFE_ENTRY"],
    [
      "an entry through a symlink to ../etc",
      crafted(
        entry({ name: "e", type: "2", linkName: "../etc" }),
        entry({ name: "e/stevedore-was-here" }, "2"),
      ),
      "UNSAFE_ENTRY",
    ],
    [
      "more bytes than allowed",
      madeBy('truncate -s 3M zeros; tar -cf - zeros | gzip > "$2"'),
      "LIMIT_EXCEEDED",
    ],
  ] as const)("%s", (_what, make, code) =>
    dock.serving(
      async ({ producer, root }) => {
        make(join(root, "inbox/upload"));
        await expect(runJob(producer, "store", { layer: { upload: "upload" } })).rejects.toMatchObject({
          code,
        });
        expectNothingLeft(root);
        expect(existsSync("/etc/stevedore-was-here")).toBe(false);
      },
      { limits: { maxBytes: 1024 * 1024 } },
    ),
  );

  it.each([
    ["/x", crafted(entry({ name: "/x" }, "2")), "x"],
    [
      "an entry through a symlink to /etc",
      crafted(
        entry({ name: "e", type: "2", linkName: "/etc" }),
        entry({ name: "e/stevedore-was-here" }, "2"),
      ),
      "etc/stevedore-was-here",
    ],
  ] as const)("%s lies in the layer, not on the host", (_what, make, place) =>
    dock.serving(async ({ producer, root }) => {
      make(join(root, "inbox/upload"));
      const { id } = await runJob(producer, "store", { layer: { upload: "upload" } });
      expect(readFileSync(join(root, "graph", id, "layer", place), "utf8")).toBe("2");
      expect(existsSync(`/${place}`)).toBe(false);
    }),
  );

  it("a record that is none", () =>
    dock.serving(async ({ producer, root }) => {
      for (const json of ["", "[]", "{", '{"id":7}', '{"comment":"no id"}']) {
        await expect(
          runJob(producer, "store", { json, layer: { path: dock.archive } }),
        ).rejects.toMatchObject({
          code: expect.stringMatching(/^INVALID_(JOB|ID)$/),
        });
      }
      await expect(
        runJob(producer, "store", { json: '{"id":"a/b"}', layer: { path: dock.archive } }),
      ).rejects.toMatchObject({
        code: "INVALID_ID",
      });
      expectNothingLeft(root);
    }));
});

describe("what a job may read", () => {
  it("is what lies below an allowed directory once symlinks are resolved", () =>
    dock.serving(async ({ producer, root }) => {
      const outside = mkdtempSync(join(tmpdir(), "stevedore-outside-"));
      try {
        writeFileSync(join(outside, "a.tar"), readFileSync(dock.archive));
        symlinkSync(join(outside, "a.tar"), join(dock.scratch, "way-out"));
        symlinkSync(join(outside, "a.tar"), join(root, "inbox/way-out"));
        execFileSync("mkfifo", [join(dock.scratch, "fifo")]);
        const forbidden = [
          { path: "/etc/shadow" },
          { path: "/nowhere/at/all" },
          { path: join(outside, "a.tar") },
          { path: join(dock.scratch, "way-out") },
          { path: `${dock.scratch}/../${outside.split("/").at(-1)}/a.tar` },
          { path: join(dock.scratch, "fifo") },
          { upload: "way-out" },
          { url: "http://127.0.0.1:1/a.tar" },
        ];
        for (const layer of forbidden) {
          const error = await runJob(producer, "store", { layer }).catch((caught: unknown) => caught);
          expect(error, JSON.stringify(layer)).toMatchObject({ code: "SOURCE_FORBIDDEN" });
        }
        await expect(
          runJob(producer, "store", { layer: { path: join(dock.scratch, "missing") } }),
        ).rejects.toMatchObject({
          code: "SOURCE_NOT_FOUND",
        });
        await expect(runJob(producer, "store", { layer: { upload: "missing" } })).rejects.toMatchObject({
          code: "SOURCE_NOT_FOUND",
        });
        expectNothingLeft(root);
      } finally {
        rmSync(outside, { recursive: true });
        rmSync(join(dock.scratch, "way-out"));
        rmSync(join(dock.scratch, "fifo"));
      }
    }));
});
