import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { Parser } from "tar";
import { describe, expect, test } from "vitest";
import { createArchiveInspector } from "../../../src/layer/tar/inspection.js";
import { useScratchDirectory } from "../../support/scratch-directory.js";
import {
  archive,
  endOfArchive,
  entry,
  gnuMagic,
  longName,
  pax,
  paxRecord,
} from "../../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
const limits = { maxBytes: 1e9, maxEntries: 10_000 };
const code = (expected: string) => expect.objectContaining({ code: expected });

/** Inspects an archive that comes in these chunks. */
function inspect(chunks: readonly Buffer[]) {
  const inspector = createArchiveInspector(limits);
  for (const chunk of chunks) inspector.accept(chunk);
  inspector.finish();
  const { bytes, entries, cleared } = inspector;
  return { bytes, entries, cleared, implied: inspector.impliedDirectories() };
}

/** The names GNU tar sees, with its protections off so that it says what it read. */
async function namesByGnuTar(input: Buffer): Promise<string[]> {
  const args = ["-tPf", "-", "--quoting-style=literal", "--warning=none"];
  const { stdout } = await execa("tar", args, { input, env: { LC_ALL: "C" } });
  return stdout.split("\n");
}

/** The names the parser of the npm package `tar` sees. */
async function namesByNpmParser(input: Buffer): Promise<string[]> {
  const names: string[] = [];
  await new Promise((resolve, reject) => {
    const parser = new Parser({
      onReadEntry: (read) => {
        names.push(read.path);
        read.resume();
      },
    });
    parser.on("end", resolve).on("error", reject).end(input);
  });
  return names;
}

describe("an archive that readers of tar understand differently is read as GNU tar reads it", () => {
  test("a record hidden in the value of another fools the npm parser, not this one", async () => {
    const hidden = paxRecord("path", "innocent");
    const hostile = archive(
      pax([
        ["path", "../outside"],
        ["SCHILY.xattr.user.x", `\n${hidden}`],
      ]),
      entry({ name: "name" }),
    );
    expect(await namesByGnuTar(hostile)).toEqual(["../outside"]);
    expect(await namesByNpmParser(hostile)).toEqual(["innocent"]);
    expect(() => inspect([hostile])).toThrow(
      expect.objectContaining({ code: "UNSAFE_ENTRY", message: expect.stringContaining("../outside") }),
    );
  });

  test("and the other way round: a file that is harmless is let in", async () => {
    const spoof = archive(
      pax([["SCHILY.xattr.user.x", `\n${paxRecord("path", "../spoof")}`]]),
      entry({ name: "name" }),
    );
    expect(await namesByGnuTar(spoof)).toEqual(["name"]);
    expect(await namesByNpmParser(spoof)).toEqual(["../spoof"]);
    expect(inspect([spoof]).entries).toBe(1);
  });

  /** Each hides `../out` behind a name that is fine. */
  test.each<[string, Buffer[]]>([
    ["pax before a long name", [longName("fine"), pax([["path", "../out"]]), entry({ name: "fine" })]],
    ["pax of Solaris", [pax([["path", "../out"]], "X"), entry({ name: "fine" })]],
    ["a long name before the header", [longName("../out"), entry({ name: "fine", magic: gnuMagic })]],
    [
      "a long name that goes on behind its size",
      [entry({ name: "L", type: "L", size: 1 }, "../out"), entry({ name: "fine" })],
    ],
    ["the prefix", [entry({ name: "out", prefix: ".." })]],
    [
      "a directory whose size is no body",
      [entry({ name: "d/", type: "5", size: 512 }), entry({ name: "../out" })],
    ],
    [
      "a symlink whose size is no body",
      [entry({ name: "s", type: "2", linkName: "x", size: 512 }), entry({ name: "../out" })],
    ],
    [
      "a hard link whose size is no body",
      [entry({ name: "h", type: "1", linkName: "x", size: 512 }), entry({ name: "../out" })],
    ],
    [
      "a file that is a directory by its slash",
      [entry({ name: "d/", size: 512 }), entry({ name: "../out" })],
    ],
    [
      "a hard link whose size is in pax",
      [pax([["size", "512"]]), entry({ name: "h", type: "1", linkName: "x" }), entry({ name: "../out" })],
    ],
  ])("%s", async (_, parts) => {
    const hostile = archive(entry({ name: "x" }), ...parts);
    // tar is asked to extract, for when it lists it skips bodies that it does not skip here.
    const args = [
      "-xPf",
      "-",
      "--warning=none",
      "--show-transformed-names",
      "--verbose",
      "-C",
      await inner(),
    ];
    const { stdout } = await execa("tar", args, { input: hostile, env: { LC_ALL: "C" }, reject: false });
    expect(stdout.split("\n")).toContain("../out");
    expect(() => inspect([hostile])).toThrow(code("UNSAFE_ENTRY"));
  });

  /** A directory whose parent is the test's own too. */
  async function inner(): Promise<string> {
    const directory = join(await scratch.fresh(), "inner");
    await mkdir(directory);
    return directory;
  }

  test("the size of pax counts, not that of the header", () => {
    const parts = [
      pax([["size", "1024"]]),
      entry({ name: "f", size: 0 }, Buffer.alloc(1024, 1)),
      entry({ name: "g" }),
    ];
    expect(inspect([archive(...parts)]).entries).toBe(2);
  });
});

test.each(["A", "I", "N", "E", "\x01", "é"])("the type %j is refused by its name and the entry's", (type) => {
  expect(() => inspect([archive(entry({ name: "strange", type }))])).toThrow(/"strange" is of the type/);
});

describe("an archive that is cut", () => {
  test("anywhere before its end is BAD_ARCHIVE, and from the first block of zeros on it is whole", () => {
    const parts = [
      pax([["path", "a"]]),
      entry({ name: "a" }, "content".repeat(200)),
      longName("b"),
      entry({ name: "b", magic: gnuMagic }),
      entry({ name: "c/", type: "5" }),
    ];
    const whole = archive(...parts);
    const end = whole.length - endOfArchive.length + 512;
    for (let length = 0; length <= whole.length; length += 128) {
      const cut = () => inspect([whole.subarray(0, length)]);
      if (length < end) expect(cut).toThrow(code("BAD_ARCHIVE"));
      else expect(cut).not.toThrow();
    }
  });
});

describe("what tar may have", () => {
  test("never ends inside a header, and is all there is once a header is whole", () => {
    const parts = [pax([["path", "a"]]), entry({ name: "a" }, "x".repeat(600)), entry({ name: "b" })];
    const whole = archive(...parts);
    // The starts of a header or extended header, and what follows the last one.
    const starts = [0, 512, 1024, 2560, 3072];
    const inspector = createArchiveInspector(limits);
    for (let at = 0; at < whole.length; at++) {
      inspector.accept(whole.subarray(at, at + 1));
      const held = at + 1 - inspector.cleared;
      if (held > 0 && !inspector.ended) expect(starts).toContain(inspector.cleared);
    }
    // The end is written anew, behind what tar gets only then.
    expect(inspector.cleared).toBe(3072);
    expect(inspector.ended).toBe(true);
  });
});

test("however the stream is cut, the inspection is the same, for archives GNU tar made", async () => {
  const component = fc.string({ unit: fc.constantFrom(..."ab.-é日 "), minLength: 1, maxLength: 60 });
  const tree = fc.record({
    format: fc.constantFrom("posix", "gnu", "ustar"),
    files: fc.array(
      fc.record({
        path: fc.array(component, { minLength: 1, maxLength: 3 }),
        bytes: fc.integer({ min: 0, max: 3000 }),
      }),
      { maxLength: 6 },
    ),
    cuts: fc.array(fc.integer({ min: 1, max: 2000 }), { minLength: 1, maxLength: 20 }),
  });
  await fc.assert(
    fc.asyncProperty(tree, async ({ format, files, cuts }) => {
      const directory = await scratch.fresh();
      for (const { path, bytes } of files) {
        const parts = path.map((part) => (/^\.+$/.test(part) ? `${part}x` : part));
        await mkdir(join(directory, ...parts.slice(0, -1)), { recursive: true }).catch(() => undefined);
        // A file may stand in the way of another: then there is one less.
        await writeFile(join(directory, ...parts), Buffer.alloc(bytes, 7)).catch(() => undefined);
      }
      const args = ["-C", directory, `--format=${format}`, "-c", "."];
      const whole = Buffer.from((await execa("tar", args, { encoding: "buffer", reject: false })).stdout);
      const chunks: Buffer[] = [];
      for (let at = 0, index = 0; at < whole.length; index++) {
        const length = cuts[index % cuts.length] ?? 1;
        chunks.push(whole.subarray(at, at + length));
        at += length;
      }
      const once = inspect([whole]);
      expect(inspect(chunks)).toEqual(once);
      expect(once.entries).toBe((await namesByGnuTar(whole)).length);
      expect(once.implied).toEqual([]);
    }),
    { numRuns: 30 },
  );
});
