// Type flags, and what has a body: readers of tar differ on both.
import { entry, gnuMagic } from "../support/trees/crafted-tar.js";
import { accepted, type CorpusCase, refused } from "./case.js";
import { device, directory, fifo, file, hardlink, symlink } from "./entries.js";

const hidden = file("../outside/new", "x");
const innocent = file("f", "x");

/** For GNU tar these have no body: what another reader takes for one is the next header. */
const bodiless: [name: string, header: Buffer][] = [
  ["a directory", directory("d/", 0o755, { size: 512 })],
  ["a directory of old tars", file("d/", "", { size: 512 })],
  ["a symlink", symlink("s", "x", { size: 512 })],
  ["a hard link", hardlink("h", "first", { size: 512 })],
  ["a fifo", entry({ name: "p", type: "6", size: 512 })],
  ["a character device", entry({ name: "c", type: "3", size: 512 })],
  ["a block device", entry({ name: "b", type: "4", size: 512 })],
];

export const types: readonly CorpusCase[] = [
  ..."8BQAINEMDzZ\x01\xe9"
    .split("")
    .map((type) =>
      refused("UNSAFE_ENTRY", `an entry of the type ${JSON.stringify(type)}`, [file("f", "x", { type })]),
    ),
  ..."DM"
    .split("")
    .map((type) =>
      refused("UNSAFE_ENTRY", `an entry of the type ${type} in GNU tar's format`, [
        file("f", "Nx\0\0", { type, magic: gnuMagic }),
      ]),
    ),
  ...bodiless.map(([name, header]) =>
    refused("UNSAFE_ENTRY", `${name} with a size: the header behind it is one`, [
      file("first"),
      header,
      hidden,
    ]),
  ),
  ...bodiless.map(([name, header]) =>
    refused("BAD_ARCHIVE", `${name} with a body`, [file("first"), header, Buffer.alloc(512, "x")]),
  ),
  refused("UNSAFE_ENTRY", "a volume label with no body before a hostile name", [
    entry({ name: "label", type: "V" }),
    hidden,
  ]),
  refused("UNSAFE_ENTRY", "a volume label with two dots", [entry({ name: "../x", type: "V" }), innocent]),
  refused("UNSAFE_ENTRY", "a sparse type in an archive that is none of GNU tar's", [
    file("f", "x", { type: "S" }),
  ]),
  accepted(
    "a volume label with a body, which is no entry",
    [entry({ name: "label", type: "V", magic: gnuMagic }, hidden), innocent],
    ['f 644 f "x"'],
  ),
  accepted(
    "sizes where there is no body, as old tars and other disks have them",
    [file("first"), ...bodiless.map(([, header]) => header), innocent],
    [
      "b 644 b 0:0",
      "c 644 c 0:0",
      "d 644 d",
      'f 644 f "x"',
      "f 644 first",
      "h h = first",
      "p 644 p",
      "l s -> x",
    ],
  ),
  accepted("a contiguous file, which is a file", [file("f", "x", { type: "7" })], ['f 644 f "x"']),
  accepted(
    "a contiguous file whose name ends in a slash",
    [file("d/", "", { type: "7", mode: 0o700 })],
    ["d 700 d"],
  ),
  accepted(
    "a file of the type NUL, as before POSIX",
    [file("f", "x", { type: "\0", magic: "" })],
    ['f 644 f "x"'],
  ),
  accepted(
    "devices, among them the one that is a deletion to overlayfs",
    [device("null", "3", 1, 3), device("gone", "3", 0, 0), device("disk", "4", 8, 1)],
    ["b 644 disk 8:1", "c 644 gone 0:0", "c 644 null 1:3"],
  ),
  accepted(
    "setuid, setgid and sticky bits",
    [file("u", "", { mode: 0o4755 }), file("g", "", { mode: 0o2755 }), directory("t/", 0o1777), fifo("p")],
    ["f 2755 g", "p 644 p", "d 1777 t", "f 4755 u"],
  ),
];
