import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type BodilessEntry, endOfArchive, formatTarEntry } from "../../../src/layer/tar/writer.js";
import { runs } from "../../support/processes/runs.js";
import { shell } from "../../support/processes/shell.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import { linesByPath } from "../../support/trees/listed-lines.js";
import { listTree } from "../../support/trees/tree-listing.js";

const scratch = useScratchDirectory();

const byte = (from: number) =>
  fc
    .integer({ min: from, max: 255 })
    .filter((value) => value !== 0x2f)
    .map((value) => String.fromCharCode(value));
/** A name of any bytes, made unlike `.` and `..`. */
const name = fc.string({ unit: byte(1), minLength: 1, maxLength: 120 }).map((text) => `${text}:`);
const below = fc.array(name, { maxLength: 3 }).map((names) => names.map((text) => `/${text}`).join(""));
const value = fc.string({
  unit: fc.oneof(byte(0), fc.constantFrom("\n", "=", "\0", " ", "9")),
  minLength: 1,
  maxLength: 120,
});
const xattrs = fc.dictionary(fc.stringMatching(/^(user|trusted)\.[a-zA-Z0-9._-]{1,20}$/), value, {
  maxKeys: 3,
});
const entry = fc
  .record({
    name,
    below,
    kind: fc.constantFrom("file" as const, "whiteout" as const, "directory" as const),
    mode: fc.integer({ min: 0, max: 0o7777 }),
    uid: fc.integer({ min: 0, max: 2 ** 31 }),
    gid: fc.integer({ min: 0, max: 2 ** 31 }),
    // What ext4 can hold.
    mtimeNs: fc.bigInt({ min: (1n - 2n ** 31n) * 1_000_000_000n, max: 2n ** 33n * 1_000_000_000n }),
    xattrs,
  })
  // The kernel lets no device have attributes of a user.
  .map((fields) => (fields.kind === "whiteout" ? { ...fields, xattrs: {} } : fields));

/** Archives are extracted by GNU tar with all it can restore. */
async function extract(entries: readonly BodilessEntry[]): Promise<string> {
  const directory = await scratch.fresh();
  const options = "--numeric-owner --same-owner --same-permissions --delay-directory-restore --xattrs";
  await shell(`tar -xf - ${options} --xattrs-include='*' -C "$PWD"`, {
    cwd: directory,
    input: Buffer.concat([...entries.map(formatTarEntry), endOfArchive]),
    locale: "C",
  });
  return directory;
}

/** What a line of `listTree` says of an entry, without its names. */
function described({ kind, mode, uid, gid, mtimeNs, xattrs = {} }: BodilessEntry): string[] {
  const type = { file: "file", whiteout: "char", "null device": "char", directory: "directory" }[kind];
  const attributes = Object.entries(xattrs).map(
    ([key, text]) => `${key}=0x${Buffer.from(text, "latin1").toString("hex")}`,
  );
  return [type, mode.toString(8), `${uid}:${gid}`, String(mtimeNs), ...attributes.sort()];
}

function withoutName(line: string | undefined): string[] {
  const fields = (line ?? "").replace(/^"((?:[^"\\]|\\.)*)" /s, "").split(" ");
  return fields.filter((field, at) => at < 4 || /^(user|trusted)\.[^ ]*=0x/.test(field));
}

describe("entries", () => {
  test("are what GNU tar makes of them: names, owners, modes, times and attributes of any bytes", async () => {
    const batch = fc.array(entry, { minLength: 60, maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(batch, async (some) => {
        // The number makes the first names differ, so that no path leads through another.
        const entries = some.map(({ name, below, ...fields }, index): BodilessEntry => {
          return { ...fields, path: `${name}${index}${below}` };
        });
        const lines = linesByPath(await listTree(await extract(entries)));
        for (const fields of entries) {
          const { path } = fields;
          expect([path, ...withoutName(lines.get(path))]).toEqual([path, ...described(fields)]);
        }
      }),
      { numRuns: runs(5) },
    );
  });

  const plain: BodilessEntry = { path: "a", kind: "file", mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };

  test("are listed by GNU tar and by bsdtar with the same names and times", async () => {
    const entries: BodilessEntry[] = [
      { ...plain, path: "d", kind: "directory", mode: 0o1777, mtimeNs: 1_400_000_000_000_000_001n },
      { ...plain, path: `d/${"n".repeat(200)}`, mode: 0o4755, uid: 2 ** 31, gid: 3_000_000 },
      { ...plain, path: "d/gone", kind: "whiteout", mode: 0 },
    ];
    const input = Buffer.concat([...entries.map(formatTarEntry), endOfArchive]);
    const names = ["d", `d/${"n".repeat(200)}`, "d/gone"];
    const gnu = await execa("tar", ["-tvf", "-", "--numeric-owner", "--full-time", "--utc"], { input });
    const bsd = await execa("bsdtar", ["-tf", "-"], { input });
    expect(bsd.stdout.split("\n")).toEqual(names);
    expect(gnu.stdout.split("\n").map((line) => line.replaceAll(/ +/g, " "))).toEqual([
      "drwxrwxrwt 0/0 0 2014-05-13 16:53:20.000000001 d",
      `-rwsr-xr-x 2147483648/3000000 0 1970-01-01 00:00:00 d/${"n".repeat(200)}`,
      "c--------- 0/0 0,0 1970-01-01 00:00:00 d/gone",
    ]);
  });

  test.each([
    ["the epoch", 0n],
    ["one nanosecond before it", -1n],
    ["half a second before it", -500_000_000n],
    ["a second and a bit before it", -1_000_000_001n],
    ["long before it", -2_000_000_000_123_456_789n],
    ["a whole second", 1_000_000_000n],
    ["past 2038", 5_000_000_000_000_000_009n],
  ])("have a time of %s", async (_, mtimeNs) => {
    const directory = await extract([{ ...plain, mtimeNs }]);
    expect((await listTree(directory))[1]).toContain(`"a" file 644 0:0 ${mtimeNs} `);
  });

  test("have attributes of any length, where counting a record's digits changes its length too", async () => {
    const lengths = Array.from({ length: 120 }, (_, index) => index + 1).concat([
      960, 970, 975, 980, 990, 1000,
    ]);
    const entries = lengths.map((length) => ({
      ...plain,
      path: `${length}`,
      xattrs: { "user.x": "=".repeat(length) },
    }));
    const directory = await extract(entries);
    const names = lengths.map(String);
    const { stdout } = await execa("getfattr", ["-n", "user.x", "-e", "text", "--", ...names], {
      cwd: directory,
    });
    const expected = lengths.map((length) => `# file: ${length}\nuser.x="${"=".repeat(length)}"`);
    expect(stdout.trim()).toBe(expected.join("\n\n"));
  });

  test("have no attributes unless some are given", async () => {
    const lines = await listTree(await extract([plain, { ...plain, path: "b", xattrs: {} }]));
    for (const line of lines) expect(line).not.toMatch(/=0x/);
  });

  test("set the attributes of a directory that is there, and leave what it holds", async () => {
    const marked = { ...plain, kind: "directory" as const, path: "d", mode: 0o750, mtimeNs: 7n };
    const directory = await extract([
      { ...plain, path: "d", kind: "directory", mode: 0o700 },
      { ...plain, path: "d/file" },
      { ...marked, xattrs: { "trusted.overlay.opaque": "y" } },
    ]);
    const lines = await listTree(directory);
    expect(lines[1]).toBe('"d" directory 750 0:0 7 trusted.overlay.opaque=0x79');
    expect(lines[2]).toContain('"d/file" file 644 ');
  });
});

test("an archive of nothing is one that GNU tar takes", async () => {
  const { stdout } = await execa("tar", ["-tf", "-"], { input: endOfArchive });
  expect(stdout).toBe("");
});
