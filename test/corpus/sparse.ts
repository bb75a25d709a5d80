// Sparse files: maps that lie about the body make tar swallow headers, and holes are bytes that cost nothing to send.
import { entry, gnuMagic, pax } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused, roomyLimits } from "./case.js";
import { directory, fields, file, oldSparse, paxSparse, symlink } from "./entries.js";

const block = Buffer.alloc(512, "d");
const two = Buffer.alloc(1024, "d");
const hidden = file("../outside/new", "x").subarray(0, 512);
const holes = roomyLimits.maxBytes;

/** The same maps in both formats: 1024 bytes of file, 512 or 1024 of data. */
const badMaps: [name: string, fileSize: number, regions: [number, number][], data: Buffer][] = [
  ["that claims more than the body: the next header", 2048, [[0, 1024]], block],
  [
    "that claims less than the body",
    2048,
    [
      [0, 512],
      [2048, 0],
    ],
    two,
  ],
  ["beyond the end of the file", 1024, [[1024, 512]], block],
  [
    "of regions that overlap",
    1024,
    [
      [0, 512],
      [256, 512],
    ],
    two,
  ],
  [
    "of regions out of order",
    1024,
    [
      [512, 512],
      [0, 512],
    ],
    two,
  ],
  [
    "of regions that go back to cut off what was there",
    1024,
    [
      [0, 512],
      [0, 0],
      [1024, 0],
    ],
    block,
  ],
  [
    "whose regions begin inside a block",
    1024,
    [
      [0, 100],
      [512, 412],
    ],
    block,
  ],
  ["that does not reach the end of the file", 4096, [[0, 512]], block],
];

const text = (regions: [number, number][]) =>
  `${regions.length}\n${regions.map((pair) => `${pair.join("\n")}\n`).join("")}`;

export const sparse: readonly CorpusCase[] = [
  ...badMaps.flatMap(([name, fileSize, regions, data]) => [
    refused("BAD_ARCHIVE", `a map of the format 1.0 ${name}`, paxSparse("s", fileSize, text(regions), data)),
    refused("BAD_ARCHIVE", `a map of old GNU tar ${name}`, [oldSparse("s", fileSize, regions, data)]),
  ]),
  ...(
    [
      ["that is no number", "x\n"],
      ["that is empty", "\n"],
      ["with a sign", "-1\n"],
      ["with a blank", " 1\n0\n512\n"],
      ["with NULs between", "1\0\n0\n512\n"],
      ["with too many digits", "1\n0\n9999999999999999\n"],
      ["that never ends", "9\n0\n"],
      ["of more regions than there is room for", "99999999\n"],
      ["of 2^64 regions", "18446744073709551616\n"],
    ] as const
  ).map(([name, map]) =>
    refused("BAD_ARCHIVE", `a map of the format 1.0 ${name}`, paxSparse("s", 512, map, block)),
  ),
  refused("BAD_ARCHIVE", "a map of the format 1.0 that hides a header in the data", [
    ...paxSparse("s", 4096, "1\n0\n0\n", hidden),
  ]),
  refused("BAD_ARCHIVE", "a sparse file of the format 1.0 without a body", [
    pax([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.realsize", "512"],
    ]),
    file("s"),
  ]),
  refused("BAD_ARCHIVE", "a sparse file of a size that is no number", paxSparse("s", "many", "0\n")),
  refused("BAD_ARCHIVE", "a sparse file of a negative size", paxSparse("s", "-1", "0\n")),
  refused(
    "UNSAFE_ENTRY",
    "a sparse file of the format 1.0 in an archive of GNU tar's",
    paxSparse("s", 512, "1\n0\n512\n", block, { header: { magic: gnuMagic } }),
  ),
  refused(
    "UNSAFE_ENTRY",
    "a sparse file of the format 1.0 in an archive of star's",
    paxSparse("s", 512, "1\n0\n512\n", block, {
      header: { patches: { 476: "00000000001 00000000002 " } },
    }),
  ),
  refused("UNSAFE_ENTRY", "a sparse file of the format 2.0", [
    pax([
      ["GNU.sparse.major", "2"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.realsize", "512"],
    ]),
    file("s", block),
  ]),
  refused("UNSAFE_ENTRY", "a sparse file of the format 0.0", [
    pax([
      ["GNU.sparse.size", "1024"],
      ["GNU.sparse.numblocks", "1"],
      ["GNU.sparse.offset", "0"],
      ["GNU.sparse.numbytes", "512"],
    ]),
    file("s", block),
  ]),
  refused("UNSAFE_ENTRY", "a sparse file of the format 0.1", [
    pax([
      ["GNU.sparse.name", "s"],
      ["GNU.sparse.size", "1024"],
      ["GNU.sparse.numblocks", "1"],
      ["GNU.sparse.map", "0,512"],
    ]),
    file("x", block),
  ]),
  refused(
    "UNSAFE_ENTRY",
    "a sparse file of two formats",
    paxSparse("s", 512, "1\n0\n512\n", block, { more: [["GNU.sparse.map", "0,512"]] }),
  ),
  refused("UNSAFE_ENTRY", "a sparse symlink", [
    pax([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.realsize", "0"],
    ]),
    symlink("s", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a sparse directory", [
    pax([
      ["GNU.sparse.major", "1"],
      ["GNU.sparse.minor", "0"],
      ["GNU.sparse.realsize", "0"],
    ]),
    directory("d/"),
  ]),
  refused("UNSAFE_ENTRY", "a sparse file of old GNU tar with an extended header", [
    pax([["mtime", "1"]]),
    oldSparse("s", 512, [[0, 512]], block),
  ]),
  refused("BAD_ARCHIVE", "a map of old GNU tar that goes on, behind its end", [
    oldSparse("s", 512, [[0, 512]], block, { [fields.isExtended]: "\x01" }),
  ]),
  refused("BAD_ARCHIVE", "a map of old GNU tar that goes on where the archive ends", [
    oldSparse(
      "s",
      512,
      [
        [0, 128],
        [128, 128],
        [256, 128],
        [384, 128],
      ],
      Buffer.alloc(0),
      { [fields.isExtended]: "\x01" },
    ),
  ]),
  refused("BAD_ARCHIVE", "a map of old GNU tar with a region that is no number", [
    oldSparse("s", 512, [[0, 512]], block, { 386: "x" }),
  ]),
  refused("BAD_ARCHIVE", "a sparse file of old GNU tar of a negative size", [
    oldSparse("s", 512, [[0, 512]], block, { 483: "\xff".repeat(12) }),
  ]),
  refused(
    "LIMIT_EXCEEDED",
    "a hole of a terabyte in the format 1.0",
    paxSparse("s", 2 ** 40, `1\n${2 ** 40}\n0\n`),
  ),
  refused("LIMIT_EXCEEDED", "a hole of the format of old GNU tar", [
    oldSparse("s", 2 ** 35, [[2 ** 35, 0]], Buffer.alloc(0)),
  ]),
  refused(
    "LIMIT_EXCEEDED",
    "many holes that are a bomb together",
    Array.from({ length: 9 }, (_, at) => {
      return oldSparse(`s${at}`, holes / 8, [[holes / 8, 0]], Buffer.alloc(0));
    }),
  ),
  accepted(
    "a hole and data, in both formats",
    [
      ...paxSparse("pax", 4096, "2\n512\n512\n4096\n0\n", block),
      oldSparse(
        "old",
        4096,
        [
          [512, 512],
          [4096, 0],
        ],
        block,
      ),
    ],
    ["f 644 old (4096 bytes, md5 b23bcad5)", "f 644 pax (4096 bytes, md5 b23bcad5)"],
  ),
  accepted(
    "files that are one hole, or nothing",
    [
      ...paxSparse("hole", 2_000_000, "1\n2000000\n0\n"),
      ...paxSparse("nothing", 0, "0\n"),
      oldSparse("old", 2_000_000, [[2_000_000, 0]], Buffer.alloc(0)),
    ],
    ["f 644 hole (2000000 bytes)", "f 644 nothing", "f 644 old (2000000 bytes)"],
  ),
  accepted(
    "a sparse file whose name ends in a slash is a file to old GNU tar",
    [oldSparse("s/", 512, [[0, 512]], block)],
    ["f 644 s (512 bytes, md5 19b36035)"],
  ),
  accepted(
    "a map that goes on in a block of its own",
    [
      entry({ name: "first" }),
      oldSparse(
        "s",
        1_000,
        [
          [0, 0],
          [100, 0],
          [200, 0],
          [300, 0],
        ],
        Buffer.alloc(0),
        { [fields.isExtended]: "\x01" },
      ),
      Buffer.concat([Buffer.from("00000001750\x0000000000000\0", "latin1"), Buffer.alloc(488)]),
    ],
    ["f 644 first", "f 644 s (1000 bytes, md5 ede3d3b6)"],
  ),
];
