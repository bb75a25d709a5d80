// Layers as the archivers of the world make them. The files are described in test/fixtures/wild/README.md.
import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { unpack } from "../../src/layer/index.js";
import { describeTree } from "../corpus/describe-tree.js";
import { useScratchDirectory } from "../support/scratch-directory.js";
import { archive, entry, gnuMagic, longName, pax } from "../support/trees/crafted-tar.js";

const scratch = useScratchDirectory();
const limits = { maxBytes: 1e9, maxEntries: 10_000 };
const time = "@1500000000";

async function treeOf(bytes: Buffer, chunk = bytes.length): Promise<string[]> {
  const layer = await scratch.fresh();
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += chunk) chunks.push(bytes.subarray(at, at + chunk));
  await unpack(Readable.from(chunks, { objectMode: false }), layer, { limits });
  return describeTree(layer);
}

function wild(name: string): Buffer {
  return readFileSync(new URL(`../fixtures/wild/${name}.tar`, import.meta.url));
}

describe("a layer", () => {
  it.each<[string, string[]]>([
    ["kaniko-root-slash", [`d 755 . ${time}`, `d 755 etc ${time}`, `f 644 etc/hello "hi\\n" ${time}`]],
    [
      "kaniko-absolute-hardlink",
      [
        `d 755 usr ${time}`,
        `d 755 usr/bin ${time}`,
        `f 755 usr/bin/perl "perl" ${time}`,
        "h usr/bin/perl5.36 = usr/bin/perl",
      ],
    ],
    [
      "append-two-spellings",
      [
        `d 755 . ${time}`,
        `d 755 etc ${time}`,
        `f 644 etc/hostname "h\\n" ${time}`,
        `f 644 etc/passwd "root\\n" ${time}`,
      ],
    ],
    [
      "implied-then-named-two-spellings",
      [
        `d 755 . ${time}`,
        `d 755 usr ${time}`,
        "d 755 usr/share @0",
        `f 644 usr/share/x "x" ${time}`,
        `f 644 usr/y "y" ${time}`,
      ],
    ],
    [
      "absolute-symlink-updated",
      [`d 755 etc ${time}`, "l etc/localtime -> /usr/share/zoneinfo/Europe/Berlin @1600000000"],
    ],
    [
      "below-absolute-symlink",
      [
        `d 755 run ${time}`,
        `d 755 run/app ${time}`,
        `f 644 run/app/pid "1" ${time}`,
        `d 755 var ${time}`,
        `l var/run -> /run ${time}`,
      ],
    ],
    ["kaniko-2308-whiteout-then-symlink", [`d 755 . ${time}`, `l a -> b ${time}`, `d 755 b ${time}`]],
  ])("%s, wherever its stream is cut", async (name, tree) => {
    for (const chunk of [undefined, 1, 700, 512]) expect(await treeOf(wild(name), chunk)).toEqual(tree);
  });

  it("global-pax-xattr is refused by the keyword", async () => {
    await expect(treeOf(wild("global-pax-xattr"))).rejects.toMatchObject({
      code: "UNSAFE_ENTRY",
      message: expect.stringContaining("SCHILY.xattr."),
    });
  });

  it("may have numbers of pax with leading zeros", async () => {
    const zeros = (records: [string, string][]) => {
      const body = records.map(([keyword, value]) => {
        const rest = ` ${keyword}=${value}\n`;
        return `${String(rest.length + 20).padStart(20, "0")}${rest}`;
      });
      return entry({ name: "PaxHeaders/x", type: "x" }, body.join(""));
    };
    const records: [string, string][] = [
      ["path", "g"],
      ["size", `${"0".repeat(20)}3`],
      ["mtime", "0001500000000"],
      ["uid", "0007"],
    ];
    expect(await treeOf(archive(zeros(records), entry({ name: "f", size: 0 }, "xyz")))).toEqual([
      `f 644 g "xyz" 7:0 ${time}`,
    ]);
  });
});

describe("a name and its whiteout, in either order", () => {
  const whiteout = entry({ name: "d/.wh.n" });
  const named = entry({ name: "d/n" }, "x");
  const both = ["f 644 d/.wh.n", 'f 644 d/n "x"'];
  it.each<[string, Buffer[], string[]]>([
    ["in a directory that is implied", [whiteout, named], ["d 755 d @0", ...both]],
    ["the name first", [named, whiteout], ["d 755 d @0", ...both]],
    [
      "in a directory that is named",
      [entry({ name: "d/", type: "5", mode: 0o755 }), whiteout, named],
      ["d 755 d", ...both],
    ],
  ])("%s: both stay, for a whiteout deletes only what lies below", async (_, parts, tree) => {
    expect(await treeOf(archive(...parts))).toEqual(tree);
  });

  it.each<[string, Buffer]>([
    ["a symlink", entry({ name: "d", type: "2", linkName: "e" })],
    ["a symlink that leads out", entry({ name: "d", type: "2", linkName: "/e" })],
    ["a file", entry({ name: "d" }, "x")],
  ])("whiteouts below what becomes %s say nothing", async (_, other) => {
    const below = [entry({ name: "d/.wh.n" }), entry({ name: "./d/e/.wh..wh..opq" })];
    const expected = await treeOf(archive(other));
    expect(await treeOf(archive(...below, other))).toEqual(expected);
    expect(await treeOf(archive(other, ...below))).toEqual(expected);
  });

  it("keeps what a whiteout that comes last says of itself, after a global time too", async () => {
    const parts = [
      pax([["mtime", "1600000000"]]),
      entry({ name: "/d/.wh.n", mode: 0o600 }),
      entry({ name: "s", type: "2", linkName: "/x" }),
      pax([["mtime", "1500000000"]], "g"),
      entry({ name: "t", type: "2", linkName: "/x" }),
      entry({ name: "e/.wh.n" }),
      pax([["uid", "5"]], "g"),
      entry({ name: "u" }),
    ];
    expect(await treeOf(archive(...parts))).toEqual([
      "d 755 d @0",
      "f 600 d/.wh.n @1600000000",
      "d 755 e @0",
      `f 644 e/.wh.n ${time}`,
      "l s -> /x",
      `l t -> /x ${time}`,
      "f 644 u 5:0",
    ]);
  });
});

describe("names of any length and bytes are re-written", () => {
  const long = "n".repeat(99);
  it.each<[string, number]>([
    ["as long as the field", 100],
    ["longer than the field", 101],
    ["as long as can be", 255],
  ])("%s", async (_, length) => {
    const name = `\xff${"é".repeat(10)}`.padEnd(length, "n").slice(0, length);
    // A name of GNU tar's, names of pax, and names in headers, as far as they fit.
    const parts = (root: string) => [
      longName(`${root}d/${name}`),
      entry({ name: "cut", magic: gnuMagic }, "x"),
      pax([
        ["path", `${root}e/${name}`],
        ["SCHILY.xattr.user.a", "1"],
      ]),
      entry({ name: "cut" }, "x"),
      longName(`${root}f/${name}`),
      longName(`${root}d/${name}`, "K"),
      entry({ name: "cut", type: "1", linkName: "cut", magic: gnuMagic }),
      pax([
        ["path", `${root}g/${name}`],
        ["linkpath", `${root}e/${name}`],
      ]),
      entry({ name: "cut", type: "1", linkName: "cut" }),
      pax([["linkpath", `${root}${name}`]]),
      entry({ name: `${root}h`, type: "2", linkName: "cut" }),
    ];
    const plain = await treeOf(archive(...parts("").slice(0, 9)));
    expect(plain.filter((line) => line.startsWith("h "))).toHaveLength(2);
    for (const root of ["/", "./", ".//./", "//"]) {
      expect(await treeOf(archive(...parts(root).slice(0, 9)))).toEqual(plain);
    }
    const targets = await treeOf(archive(...parts("/").slice(9, 11)));
    expect(targets).toEqual(
      await treeOf(archive(pax([["linkpath", `/${name}`]]), entry({ name: "h", type: "2" }))),
    );
  });

  it("with a prefix of ustar", async () => {
    expect(await treeOf(archive(entry({ name: long, prefix: `./${"p".repeat(120)}` }, "x")))).toEqual(
      await treeOf(archive(entry({ name: long, prefix: "p".repeat(120) }, "x"))),
    );
  });
});
