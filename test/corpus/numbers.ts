// The numeric fields of a header: octal with blanks and garbage, base-256, negative, beyond every limit; checksums.
import { entry, seal } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { base256, fields, file } from "./entries.js";

/** A file of one byte with these bytes in a field. */
const withField = (at: number, bytes: string) => [file("f", "x", { patches: { [at]: bytes } })];
const asWritten = ['f 644 f "x"'];

/** A header whose checksum field holds what this makes of the right sum. */
function withChecksum(write: (sum: number) => string, name = "f"): Buffer[] {
  const block = entry({ name });
  seal(block);
  const sum = Number.parseInt(block.toString("latin1", 148, 154), 8);
  block.write(write(sum), fields.checksum, "latin1");
  return [block];
}

const octal = (sum: number) => sum.toString(8).padStart(6, "0");

export const numbers: readonly CorpusCase[] = [
  ...(
    [
      ["of blanks alone", " ".repeat(12)],
      ["that is a word", "abcdefghijk\0"],
      ["with a digit that octal has not", "00000000008\0"],
      ["with garbage behind its digits", "00000000001x"],
      ["with a sign", "-0000000001\0"],
      ["with a plus, the base-64 of 1999", "+AAAAAAAAAB\0"],
      ["in hexadecimal", "0x000000001\0"],
      ["of base-256 below zero", base256(-1n)],
      ["of base-256 far below zero", base256(-(2n ** 62n))],
      ["of base-256 behind a NUL", `\0${base256(1n).slice(0, 11)}`],
      ["of base-256 beyond 2^63", `\x80${"\xff".repeat(11)}`],
      ["of base-256 beyond 2^53", base256(2n ** 53n)],
    ] as const
  ).map(([name, bytes]) => refused("BAD_ARCHIVE", `a size ${name}`, withField(fields.size, bytes))),
  refused("LIMIT_EXCEEDED", "a size of eight gigabytes", withField(fields.size, "77777777777\0")),
  refused("LIMIT_EXCEEDED", "a size of twelve octal digits", withField(fields.size, "777777777777")),
  refused(
    "LIMIT_EXCEEDED",
    "a size of base-256 beyond the limit",
    withField(fields.size, base256(2n ** 40n)),
  ),
  refused("BAD_ARCHIVE", "a size one block beyond the archive", withField(fields.size, "00000003000\0")),
  accepted("a size between blanks", withField(fields.size, "         1  "), asWritten),
  accepted("a size between blank, digit and garbage", withField(fields.size, "1 garbage..."), asWritten),
  accepted("a size behind a NUL", withField(fields.size, "\x000000000001\0"), asWritten),
  accepted("a size that fills its field", withField(fields.size, "000000000001"), asWritten),
  accepted("a size of base-256", withField(fields.size, base256(1n)), asWritten),
  accepted(
    "a size of NULs, which is zero",
    [file("f", "", { patches: { [fields.size]: "\0".repeat(12) } })],
    ["f 644 f"],
  ),

  refused("BAD_ARCHIVE", "a mode that is a word", withField(fields.mode, "rwxrwxrw")),
  refused("BAD_ARCHIVE", "an owner that is a word", withField(fields.uid, "nobody..")),
  refused("BAD_ARCHIVE", "a group of blanks", withField(fields.gid, " ".repeat(8))),
  refused("BAD_ARCHIVE", "a time that is a word", withField(fields.mtime, "yesterday...")),
  refused("BAD_ARCHIVE", "an owner beyond 32 bits", withField(fields.uid, `\x80\0\0\x01${"\0".repeat(4)}`)),
  accepted("a mode with the bits of a type, and beyond", withField(fields.mode, "7777644\0"), [
    'f 7644 f "x"',
  ]),
  accepted("an owner of base-256", withField(fields.uid, `\x80\0\0\0\0\x01\x11\x70`), [
    'f 644 f "x" 70000:0',
  ]),
  accepted("a time before 1970, in base-256", withField(fields.mtime, base256(-86_400n)), [
    'f 644 f "x" @-86400',
  ]),
  accepted("a time of 32 bits below zero, in octal", withField(fields.mtime, "37777777777\0"), [
    'f 644 f "x" @4294967295',
  ]),
  accepted("a time of NULs, which is that of the epoch", withField(fields.mtime, "\0".repeat(12)), [
    'f 644 f "x" @0',
  ]),

  refused(
    "BAD_ARCHIVE",
    "a wrong checksum",
    withChecksum((sum) => `${octal(sum + 1)}\0 `),
  ),
  refused(
    "BAD_ARCHIVE",
    "a checksum of blanks",
    withChecksum(() => " ".repeat(8)),
  ),
  refused(
    "BAD_ARCHIVE",
    "a checksum of NULs",
    withChecksum(() => "\0".repeat(8)),
  ),
  refused(
    "BAD_ARCHIVE",
    "a checksum in decimal",
    withChecksum((sum) => `${sum}`.padEnd(8, " ")),
  ),
  refused(
    "BAD_ARCHIVE",
    "a checksum below zero",
    withChecksum((sum) => `-${octal(sum)} `),
  ),
  refused("BAD_ARCHIVE", "a wrong checksum behind an entry that is right", [
    file("first", "x"),
    ...withChecksum((sum) => `${octal(sum ^ 8)}\0 `),
  ]),
  accepted(
    "a checksum between blanks",
    withChecksum((sum) => ` ${sum.toString(8)}`.padEnd(8, " ")),
    ["f 644 f"],
  ),
  accepted(
    "a checksum of signed bytes, as old Sun tars wrote it",
    withChecksum((sum) => `${octal(sum - 256)}\0 `, "caf\xe9"),
    ['f 644 "café"'],
  ),
];
