// Archives that cost little to send and much to take: each ends at its limit.
import { execFileSync } from "node:child_process";
import { archive, endOfArchive, entry, pax } from "../support/trees/crafted-tar.js";
import { type CorpusCase, raw } from "./case.js";
import { directory, file, symlink } from "./entries.js";

const few = { maxBytes: 4 * 1024 * 1024, maxEntries: 100 };
const bomb = (name: string, ...parts: Buffer[]): CorpusCase =>
  raw(name, archive(...parts), { refused: "LIMIT_EXCEEDED" }, few);

function compressed(tool: string, bytes: Buffer): Buffer {
  return execFileSync(tool, ["-c"], { input: bytes, maxBuffer: 2 ** 30 });
}

/** 16 MiB of zeros, in a file or behind the end of the archive. */
const zeros = () => Buffer.alloc(16 * 1024 * 1024);
const large = () => Buffer.concat([entry({ name: "zeros", size: zeros().length }), zeros(), endOfArchive]);
const silent = () => Buffer.concat([endOfArchive, zeros()]);

export const bombs: readonly CorpusCase[] = [
  bomb("more files than allowed", ...Array.from({ length: 101 }, (_, at) => file(`${at}`))),
  bomb("the same file more often than allowed", ...Array<Buffer>(101).fill(file("f"))),
  bomb("more directories than allowed, that one file implies", pax([["path", "d/".repeat(101)]]), file("f")),
  bomb(
    "more directories than allowed, behind symlinks",
    symlink("s", "d/".repeat(60)),
    file("s/f"),
    symlink("t", "e/".repeat(60)),
    file("t/f"),
  ),
  bomb("more links than allowed", ...Array.from({ length: 101 }, (_, at) => symlink(`${at}`, "x"))),
  bomb(
    "more extended headers than the bytes allow",
    ...Array.from({ length: 9 }, () => pax([["comment", "x".repeat(500_000)]], "g")),
    file("f"),
  ),
  bomb("a file larger than allowed, of which nothing comes", entry({ name: "f", size: 5 * 1024 * 1024 })),
  bomb(
    "files that are too much together",
    ...Array.from({ length: 5 }, (_, at) => file(`${at}`, Buffer.alloc(1024 * 1024))),
  ),
  bomb(
    "a volume label larger than allowed",
    entry({ name: "V", type: "V", size: 5 * 1024 * 1024 }, Buffer.alloc(5 * 1024 * 1024)),
  ),
  raw(
    "as many entries as allowed",
    archive(...Array.from({ length: 100 }, () => directory("d/"))),
    { tree: ["d 755 d"] },
    few,
  ),
  ...["gzip", "bzip2", "xz", "zstd"].flatMap((tool) => [
    raw(
      `a file of zeros behind ${tool}`,
      () => compressed(tool, large()),
      { refused: "LIMIT_EXCEEDED" },
      few,
    ),
    raw(
      `zeros behind the end of the archive behind ${tool}`,
      () => compressed(tool, silent()),
      { refused: "LIMIT_EXCEEDED" },
      few,
    ),
  ]),
];
