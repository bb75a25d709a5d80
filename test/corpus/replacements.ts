// Entries that come twice, as the same or as something else. GNU tar makes symlinks that may leave, and sets what
// directories have, by name and at the end: a name that means another thing by then is a way out.
import { accepted, type CorpusCase, refused } from "./case.js";
import {
  attribute,
  device,
  directory,
  fields,
  fifo,
  file,
  hardlink,
  octalField,
  symlink,
} from "./entries.js";

const later = { patches: octalField(fields.mtime, 12, 1_500_000_000) };

export const replacements: readonly CorpusCase[] = [
  refused("BAD_ARCHIVE", "a hard link with an owner that is not valid, to a symlink that is made last", [
    directory("./d/"),
    symlink("./d/s", "/x"),
    hardlink("./d/again", "./d/s", { patches: { [fields.gid]: "-1\0\0\0\0\0\0" } }),
  ]),
  accepted(
    "a whiteout whose name leads through a symlink, with other entries between",
    [
      symlink("over", "."),
      directory("d/"),
      file("d/f", "x"),
      file("/over//d/.wh.gone", ""),
      file("/over/.wh.gone", ""),
    ],
    ["d 755 d", 'f 644 d/f "x"', "l over -> ."],
  ),
  // The file system that uses an inode again at once is what makes these work: ext4 does.
  refused("UNSAFE_ENTRY", "a directory's mode, for the file that a symlink in its place names", (outside) => [
    directory("./d/", 0o777),
    directory("./e/"),
    symlink("./e/s", "/x"),
    symlink("d", `${outside}/file`),
  ]),
  refused(
    "UNSAFE_ENTRY",
    "a directory's xattrs, for the file that a symlink in its place names",
    (outside) => [
      attribute("user.forged", "1"),
      directory("./d/"),
      directory("./e/"),
      symlink("./e/s", "/x"),
      symlink("d", `${outside}/program`),
    ],
  ),
  refused(
    "UNSAFE_ENTRY",
    "a directory's capability, for the program that a symlink in its place names",
    (outside) => [
      attribute("security.capability", "\x01\0\0\x02\xff\xff\xff\xff\0\0\0\0\xff\xff\xff\xff\0\0\0\0"),
      directory("./d/"),
      directory("./e/"),
      symlink("./e/s", "/x"),
      symlink("d/", `${outside}/program`),
    ],
  ),
  refused("UNSAFE_ENTRY", "a directory's owner, by the second of its two names", (outside) => [
    directory("./d/"),
    directory("d/./", 0o777, { patches: octalField(fields.uid, 8, 1000) }),
    directory("./e/"),
    symlink("./e/s", "/x"),
    symlink("d", `${outside}/file`),
  ]),
  refused("UNSAFE_ENTRY", "a directory's mode, for the file of the layer that a symlink in its place names", [
    directory("./d/", 0o777),
    symlink("d", "f"),
    file("f", "x", { mode: 0o600 }),
  ]),
  refused("UNSAFE_ENTRY", "a directory that becomes a symlink, and a file through it", (outside) => [
    directory("d/"),
    symlink("d", outside),
    file("d/file", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a directory that becomes a symlink to a place inside", [
    directory("d/"),
    directory("e/"),
    symlink("d", "e"),
    file("d/f", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a directory with a file in it that becomes a symlink", (outside) => [
    file("d/f"),
    symlink("d", outside),
    file("d/f", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a directory that becomes a file", [directory("d/"), file("d", "x")]),
  refused("UNSAFE_ENTRY", "a directory that becomes a hard link", [
    directory("d/"),
    file("f"),
    hardlink("d", "f"),
  ]),
  accepted(
    "a symlink that leads out, and a file in its place",
    (outside) => [symlink("s", `${outside}/file`), file("s", "x")],
    ['f 644 s "x"'],
  ),
  accepted(
    "a symlink that leads out, and a directory in its place",
    (outside) => [symlink("s", outside), directory("s/", 0o777), file("s/file", "x")],
    ["d 777 s", 'f 644 s/file "x"'],
  ),
  accepted(
    "a symlink that leads out, and another in its place",
    [symlink("s", "/x"), symlink("s", "/y")],
    ["l s -> /y"],
  ),
  accepted(
    "a symlink that leads out, and one that stays in its place",
    [directory("d/"), symlink("s", "/x"), symlink("s", "d"), file("s/f")],
    ["d 755 d", "f 644 d/f", "l s -> d"],
  ),
  accepted(
    "a symlink that leads out, and a hard link in its place",
    [file("f"), symlink("s", "/x"), hardlink("s", "f")],
    ["f 644 f", "h s = f"],
  ),
  accepted(
    "a second name of a symlink that leads out, and a file in its place",
    (outside) => [symlink("s", `${outside}/file`), hardlink("h", "s"), file("h", "x")],
    ['f 644 h "x"', "l s -> OUTSIDE/file"],
  ),
  accepted(
    "a directory reached by a symlink that is replaced",
    [
      directory("a/"),
      symlink("s", "a"),
      directory("s/k/", 0o700),
      directory("b/"),
      file("b/k"),
      symlink("s", "b"),
    ],
    ["d 755 a", "d 700 a/k", "d 755 b", "f 644 b/k", "l s -> b"],
  ),
  accepted(
    "a directory under two names: the last counts",
    [directory("d/", 0o700), directory("./d/", 0o755)],
    ["d 755 d"],
  ),
  accepted(
    "a directory by a dot, in the place of a symlink to another",
    [directory("d/", 0o700), symlink("s", "d"), directory("s/.", 0o755)],
    ["d 700 d", "d 755 s"],
  ),
  accepted(
    "a symlink that is made last, in a directory of another name",
    [directory("./d/"), symlink("d/s", "/x")],
    ["d 755 d", "l d/s -> /x"],
  ),
  accepted(
    "a symlink that is made last, in a directory reached over another",
    [directory("d/"), symlink("t", "d"), symlink("t/s", "/x")],
    ["d 755 d", "l d/s -> /x", "l t -> d"],
  ),
  refused(
    "UNSAFE_ENTRY",
    "a hard link that is made last, in a directory of its own: that would have the clock's time",
    [directory("d/"), symlink("d/s", "/x"), directory("e/"), hardlink("e/h", "d/s")],
  ),
  accepted(
    "a hard link that is made last, in a directory that is named later",
    [symlink("s", "/x"), hardlink("e/h", "s"), directory("e/")],
    ["d 755 e", "l e/h -> /x", "h s = e/h"],
  ),
  accepted(
    "links that are made last, where tar expects them or where no time is set",
    [
      directory("./"),
      directory("./d/"),
      symlink("./d/s", "/x"),
      hardlink("d/h", "d/s"),
      hardlink("./i/h", "d/s"),
      symlink("./j/s", "/x"),
      directory("./j/"),
    ],
    [
      "d 755 .",
      "d 755 d",
      "l d/h -> /x",
      "h d/s = d/h",
      "d 755 i @0",
      "h i/h = d/h",
      "d 755 j",
      "l j/s -> /x",
    ],
  ),
  refused("BAD_ARCHIVE", "a file that becomes the directory of another", [file("f", "x"), file("f/g", "y")]),
  accepted(
    "a directory twice: the last counts",
    [
      directory("d/", 0o700, { patches: octalField(fields.uid, 8, 7) }),
      file("d/f"),
      directory("d/", 0o750, later),
    ],
    ["d 750 d @1500000000", "f 644 d/f"],
  ),
  accepted(
    "a directory after what lies in it",
    [file("d/f"), directory("d/", 0o750)],
    ["d 750 d", "f 644 d/f"],
  ),
  accepted(
    "a file twice: the last counts",
    [file("f", "one", { mode: 0o4755 }), file("f", "2", { mode: 0o600 })],
    ['f 600 f "2"'],
  ),
  accepted(
    "a file, and by another spelling a symlink in its place",
    [file("a/b", "x"), symlink("/a//b", "c")],
    ["d 755 a @0", "l a/b -> c"],
  ),
  accepted(
    "a file, and by another spelling a directory in its place",
    [file("a", "x"), directory("/./a//")],
    ["d 755 a"],
  ),
  accepted(
    "a symlink, and by another spelling a file in its place",
    [symlink("//s", "/x"), file("./s", "x")],
    ['f 644 s "x"'],
  ),
  accepted(
    "a fifo, and by another spelling a hard link in its place",
    [file("f", "x"), fifo("./p"), hardlink("/p", "/./f")],
    ['f 644 f "x"', "h p = f"],
  ),
  refused("UNSAFE_ENTRY", "a directory, and by another spelling a file in its place", [
    directory("./d/"),
    file("//d", "x"),
  ]),
  refused("UNSAFE_ENTRY", "a directory, and by another spelling a symlink in its place", [
    directory("/d"),
    symlink("d", "x"),
  ]),
  accepted("a symlink twice: the last counts", [symlink("s", "a"), symlink("s", "b")], ["l s -> b"]),
  accepted(
    "a symlink that leads out twice, the same",
    [symlink("s", "/x"), symlink("s", "/x")],
    ["l s -> /x"],
  ),
  accepted(
    "a file in the place of a hard link leaves the other name as it was",
    [file("a", "1"), hardlink("b", "a"), file("b", "2")],
    ['f 644 a "1"', 'f 644 b "2"'],
  ),
  accepted(
    "a file in the place of a symlink does not write where that led",
    [file("a", "1"), symlink("s", "a"), file("s", "2")],
    ['f 644 a "1"', 'f 644 s "2"'],
  ),
  accepted(
    "a directory in the place of a symlink does not lie where that led",
    [directory("a/", 0o700), symlink("s", "a"), directory("s/"), file("s/f")],
    ["d 700 a", "d 755 s", "f 644 s/f"],
  ),
  accepted(
    "a directory in the place of a file",
    [file("d", "x"), directory("d/"), file("d/f")],
    ["d 755 d", "f 644 d/f"],
  ),
  accepted(
    "files, fifos and devices in each other's places",
    [file("a", "x"), fifo("a"), fifo("b"), device("b", "3", 1, 3), device("c", "3", 1, 3), file("c", "x")],
    ["p 644 a", "c 644 b 1:3", 'f 644 c "x"'],
  ),
];
