// The archive as a whole: where it ends, what stands before, between and behind, and every place it can be cut at.
import { gzipSync } from "node:zlib";
import { archive, endOfArchive, entry, gnuMagic, longName, pax } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, raw } from "./case.js";
import { fields, file, oldSparse, paxSparse } from "./entries.js";

const zero = Buffer.alloc(512);
const f = file("f", "x");
const asWritten = { tree: ['f 644 f "x"'] };
const bad = { refused: "BAD_ARCHIVE" } as const;

/** The kinds of things that an archive may be cut in, and how many bytes of them are left. */
const cuts: [name: string, parts: Buffer, kept: number][] = [
  ["its first header", f, 300],
  ["front of a body", f, 512],
  ["a body", file("f", "x".repeat(600)), 1000],
  ["the padding of a body", f, 700],
  ["front of its end", f, 1024],
  ["the block of its end", Buffer.concat([f, zero]), 1500],
  ["a later header", Buffer.concat([f, f]), 1100],
  ["front of the body of an extended header", pax([["path", "x"]]), 512],
  ["the body of an extended header", pax([["path", "x"]]), 517],
  ["the padding of an extended header", pax([["path", "x"]]), 800],
  ["front of the entry of an extended header", pax([["path", "x"]]), 1024],
  ["a global header", pax([["comment", "x"]], "g"), 600],
  ["a long name", longName("n".repeat(600)), 1000],
  ["front of the entry of a long name", longName("name"), 1024],
  ["a volume label's body", entry({ name: "V", type: "V" }, "x"), 600],
  ["a map of the format 1.0", Buffer.concat(paxSparse("s", 4096, "1\n4096\n0\n")), 1540],
  ["the data of a sparse file", oldSparse("s", 512, [[0, 512]], Buffer.alloc(512)), 900],
  [
    "front of a map of old GNU tar that goes on",
    oldSparse(
      "s",
      512,
      [
        [0, 0],
        [0, 0],
        [0, 0],
        [0, 0],
      ],
      Buffer.alloc(0),
      { [fields.isExtended]: "\x01" },
    ),
    512,
  ],
];

export const structure: readonly CorpusCase[] = [
  ...cuts.map(([name, bytes, kept]) => raw(`cut in ${name}`, bytes.subarray(0, kept), bad)),
  raw("no bytes at all", Buffer.alloc(0), bad),
  raw("one block of zeros alone", zero, bad),
  raw("a lone block of zeros between two entries", Buffer.concat([f, zero, archive(file("g"))]), bad),
  raw(
    "a lone block of zeros before everything, compressed",
    gzipSync(Buffer.concat([zero, archive(f)])),
    bad,
  ),
  raw("one block of zeros alone, compressed", gzipSync(zero), bad),
  raw("a block of zeros before everything", Buffer.concat([zero, archive(f)]), bad),
  raw("an extended header before the end", archive(f, pax([["path", "x"]])), bad),
  raw("out of step by one byte", Buffer.concat([f, Buffer.from("x"), archive(file("g"))]), bad),
  raw("out of step by one byte from the beginning", Buffer.concat([Buffer.from("x"), archive(f)]), bad),
  raw("garbage between two entries", archive(f, Buffer.alloc(512, "garbage "), file("g")), bad),
  raw(
    "an archive of cpio",
    Buffer.from("0707010000000000000000000000000000000000000000".padEnd(2048, "0")),
    bad,
  ),
  raw("an archive of zip", Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(2044, 1)]), bad),
  raw(
    "an archive of ar",
    Buffer.from(
      "!<arch>\ndebian-binary   0           0     0     100644  4         `\n2.0\n".padEnd(2048, "\n"),
    ),
    bad,
  ),
  raw("a compressed archive in another", gzipSync(gzipSync(archive(f))), bad),
  raw("nothing, compressed", gzipSync(Buffer.alloc(0)), bad),
  raw("a compressed archive that is cut in its trailer", gzipSync(archive(f)).subarray(0, -4), bad),
  raw("a cut archive, whole as a compressed file", gzipSync(f), bad),

  raw("ended by one block of zeros", Buffer.concat([f, zero]), asWritten),
  raw(
    "ended by a block of zeros and half of another",
    Buffer.concat([f, zero, zero.subarray(256)]),
    asWritten,
  ),
  raw("two archives: the second does not count", Buffer.concat([archive(f), archive(file("g"))]), asWritten),
  raw(
    "a second archive that is hostile, which nobody reads",
    Buffer.concat([archive(f), archive(file("../outside/new", "x"))]),
    asWritten,
  ),
  raw("garbage behind the end", Buffer.concat([archive(f), Buffer.from("garbage")]), asWritten),
  raw(
    "two blocks of zeros before everything: an archive without entries",
    Buffer.concat([endOfArchive, archive(f)]),
    { tree: [] },
  ),
  raw(
    "two members of gzip, which meet inside a header",
    Buffer.concat([gzipSync(archive(f).subarray(0, 100)), gzipSync(archive(f).subarray(100))]),
    asWritten,
  ),
  accepted(
    "entries of four formats",
    [
      file("posix", "1"),
      file("gnu", "2", { magic: gnuMagic }),
      file("v7", "3", { magic: "" }),
      file("star", "4", { patches: { 476: "00000000001 00000000002 ", 508: "tar\0" } }),
    ],
    ['f 644 gnu "2"', 'f 644 posix "1"', 'f 644 star "4"', 'f 644 v7 "3"'],
  ),
  accepted(
    "a name that begins as a compressed file does",
    [file("BZh91AY&SY", "1"), file("\x1f\x8b\x08", "2")],
    ['f 644 "\\u001f\u008b\\b" "2"', 'f 644 BZh91AY&SY "1"'],
  ),
];
