// Extended headers of pax: records that override what the header says, records that are broken, and records that
// readers of tar understand in different ways.
import { entry, gnuMagic, pax, paxRecord } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { directory, file, hardlink, symlink } from "./entries.js";

/** An extended header with this text. */
const text = (records: string, type = "x") => entry({ name: "PaxHeaders/x", type }, records);
const f = file("f", "x");
const asWritten = ['f 644 f "x"'];
const hidden = file("../outside/new", "x");

function overrides(type: "x" | "g"): CorpusCase[] {
  const what = type === "g" ? "a global" : "a";
  return [
    refused("UNSAFE_ENTRY", `${what} path that leads out`, [pax([["path", "../outside/file"]], type), f]),
    refused("UNSAFE_ENTRY", `${what} target that leads out`, [
      pax([["linkpath", "../outside/file"]], type),
      hardlink("h", "f"),
    ]),
    refused("UNSAFE_ENTRY", `${what} GNU.sparse.name that leads out`, [
      pax(
        [
          ...([
            ["GNU.sparse.major", "1"],
            ["GNU.sparse.minor", "0"],
            ["GNU.sparse.realsize", "0"],
          ] as [string, string][]),
          ["GNU.sparse.name", "../outside/new"],
        ],
        type,
      ),
      file("f", "0\n".padEnd(512, "\0")),
    ]),
    refused("UNSAFE_ENTRY", `${what} GNU.sparse.name without a sparse file`, [
      pax([["GNU.sparse.name", "../outside/new"]], type),
      f,
    ]),
    ...["GNU.dumpdir", "GNU.volume.filename", "GNU.volume.size", "GNU.volume.offset"].map((keyword) =>
      refused("UNSAFE_ENTRY", `${what} ${keyword}`, [pax([[keyword, "1"]], type), f]),
    ),
  ];
}

/** Records that are no records. */
const broken: [name: string, records: string][] = [
  ["a negative length", "-9 path=x\n"],
  ["a length of zero", "0 path=x\n"],
  ["no length", "path=x\n"],
  ["a length beyond the header", "99 path=x\n"],
  ["a length that is huge", "99999999999999999999 path=x\n"],
  ["a length that wraps around", "18446744073709551625 path=x\n"],
  ["a length in hexadecimal", "0x9 path=x\n"],
  ["a length one too short", "8 path=x\n"],
  ["blanks before the length", " 9 path=x\n"],
  ["two blanks behind the length", "10  path=x\n"],
  ["a tab behind the length", "9\tpath=x\n"],
  ["no equals sign", "7 path\n"],
  ["no keyword", "5 =x\n"],
  ["no newline", "8 path=x"],
  ["a NUL for the newline", "9 path=x\0"],
  ["a NUL in the keyword", "11 path\0\0=x\n"],
  ["NULs behind the records", `${paxRecord("path", "x")}\0\0\0`],
  ["garbage behind the records", `${paxRecord("path", "x")}garbage`],
];

export const paxRecords: readonly CorpusCase[] = [
  ...overrides("x"),
  ...overrides("g"),
  refused("UNSAFE_ENTRY", "a global size", [pax([["size", "0"]], "g"), f]),
  refused("UNSAFE_ENTRY", "a size that turns a body into headers", [pax([["size", "0"]]), file("f", hidden)]),
  refused("UNSAFE_ENTRY", "a size that ends in the middle of a body", [
    pax([["size", "512"]]),
    file("f", Buffer.concat([Buffer.alloc(512), hidden])),
  ]),
  refused("BAD_ARCHIVE", "a size beyond the archive", [pax([["size", "99999"]]), f]),
  refused("LIMIT_EXCEEDED", "a size beyond the limit", [pax([["size", "99999999999"]]), f]),
  refused("BAD_ARCHIVE", "a negative size", [pax([["size", "-1"]]), f]),
  refused("BAD_ARCHIVE", "a size with a sign", [pax([["size", "+1"]]), f]),
  refused("BAD_ARCHIVE", "a size beyond 2^64", [pax([["size", "18446744073709551617"]]), f]),
  refused("BAD_ARCHIVE", "a size in octal of C", [pax([["size", "1."]]), f]),
  refused("UNSAFE_ENTRY", "a NUL in a path", [pax([["path", "x\0/../../outside/new"]]), f]),
  refused("UNSAFE_ENTRY", "a NUL in a target", [pax([["linkpath", "x\0y"]]), symlink("s", "x")]),
  refused("BAD_ARCHIVE", "an empty path", [pax([["path", ""]]), f]),
  refused("BAD_ARCHIVE", "an empty target", [pax([["linkpath", ""]]), symlink("s", "x")]),
  refused("BAD_ARCHIVE", "two headers in sequence", [pax([["path", "a"]]), pax([["mtime", "1"]]), f]),
  refused("BAD_ARCHIVE", "a header of Solaris behind one of pax", [
    pax([["path", "a"]]),
    pax([["path", "b"]], "X"),
    f,
  ]),
  refused("UNSAFE_ENTRY", "a header of Solaris that leads out", [pax([["path", "../outside/new"]], "X"), f]),
  refused("BAD_ARCHIVE", "a header of no bytes", [text(""), f]),
  refused("BAD_ARCHIVE", "a header before a volume label", [
    pax([["path", "a"]]),
    entry({ name: "V", type: "V" }),
    f,
  ]),
  refused("LIMIT_EXCEEDED", "a header of a gigabyte", [entry({ name: "x", type: "x", size: 2 ** 30 }), f]),
  refused("LIMIT_EXCEEDED", "a global header of two mebibytes", [
    pax([["comment", "x".repeat(2 * 1024 * 1024)]], "g"),
    f,
  ]),
  ...broken.map(([name, records]) => refused("BAD_ARCHIVE", `a record with ${name}`, [text(records), f])),
  ...broken
    .slice(0, 4)
    .map(([name, records]) =>
      refused("BAD_ARCHIVE", `a global record with ${name}`, [text(records, "g"), f]),
    ),
  refused("BAD_ARCHIVE", "a time beyond all times", [pax([["mtime", "99999999999999999999"]]), f]),
  refused("BAD_ARCHIVE", "a time that is none", [pax([["mtime", "yesterday"]]), f]),
  refused("BAD_ARCHIVE", "an owner that is none", [pax([["uid", "-1"]]), f]),

  accepted(
    "a path twice: the last counts",
    [
      pax([
        ["path", "a"],
        ["path", "f"],
      ]),
      file("g", "x"),
    ],
    asWritten,
  ),
  accepted(
    "a path over a long name, whichever comes first",
    [
      entry({ name: "L", type: "L", magic: gnuMagic }, "../outside/new\0"),
      pax([["path", "f"]]),
      file("g", "x"),
    ],
    asWritten,
  ),
  accepted(
    "a path that ends in a slash: a directory of old tars",
    [pax([["path", "d/"]]), file("f")],
    ["d 644 d"],
  ),
  accepted(
    "a record in the value of another",
    [pax([["SCHILY.xattr.user.x", `\n${paxRecord("path", "../outside/new")}`]]), f],
    [`f 644 f "x" user.x=0x${Buffer.from(`\n${paxRecord("path", "../outside/new")}`).toString("hex")}`],
  ),
  accepted("a target for what is no link", [pax([["linkpath", "../outside/file"]]), f], asWritten),
  accepted(
    "a target that leads out for a symlink",
    [pax([["linkpath", "../outside/file"]]), symlink("s", "x")],
    ["l s -> ../outside/file"],
  ),
  accepted(
    "names that are not UTF-8, and say so",
    [
      pax([
        ["hdrcharset", "BINARY"],
        ["path", "\xff\xfe"],
      ]),
      f,
    ],
    ['f 644 "ÿþ" "x"'],
  ),
  accepted(
    "records that only describe",
    [
      pax([
        ["comment", "x"],
        ["charset", "x"],
        ["uname", "nobody-at-all"],
        ["gname", ""],
        ["atime", "1"],
        ["ctime", "1"],
      ]),
      f,
    ],
    asWritten,
  ),
  accepted(
    "records of other archivers",
    [
      pax([
        ["SCHILY.dev", "1"],
        ["SCHILY.fflags", "uchg"],
        ["LIBARCHIVE.creationtime", "1"],
        ["VENDOR.x", "\0"],
        ["VENDOR.y", "="],
      ]),
      f,
    ],
    asWritten,
  ),
  accepted(
    "owner and times of the record",
    [
      pax([
        ["uid", "70000"],
        ["gid", "4000000"],
        ["mtime", "1500000000.123456789"],
      ]),
      f,
    ],
    ['f 644 f "x" 70000:4000000 @1500000000'],
  ),
  accepted("a time before 1970", [pax([["mtime", "-1.5"]]), f], ['f 644 f "x" @-1']),
  accepted("the comment of git in a global header", [pax([["comment", "0123abcd"]], "g"), f], asWritten),
  accepted(
    "a global time, and an entry's own",
    [pax([["mtime", "1500000000"]], "g"), f, pax([["mtime", "1600000000"]]), file("g")],
    ['f 644 f "x" @1500000000', "f 644 g @1600000000"],
  ),
  accepted(
    "a second global header: for GNU tar it takes the place of the first",
    [pax([["mtime", "1500000000"]], "g"), f, pax([["uid", "5"]], "g"), file("g")],
    ['f 644 f "x" @1500000000', "f 644 g 5:0"],
  ),
  accepted(
    "a global header between an extended one and its entry",
    [pax([["path", "f"]]), pax([["comment", "x"]], "g"), file("g", "x")],
    asWritten,
  ),
  accepted(
    "a path for a directory, a size that means nothing",
    [
      pax([
        ["path", "d/"],
        ["size", "512"],
      ]),
      directory("x/"),
    ],
    ["d 755 d"],
  ),
  accepted(
    "a header of its own with a hostile name",
    [entry({ name: "../../outside/new", type: "x" }, paxRecord("mtime", "1400000000")), f],
    asWritten,
  ),
];
