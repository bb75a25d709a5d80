// The ways to mutate an archive: structural ones repair the checksums of what they touch, so that what they did is
// read; blind ones do not care.
import { blockSize } from "../../src/layer/tar/header.js";
import { entry, gnuMagic, longName, pax, paxRecord } from "../support/trees/crafted-tar.js";
import { base256, fields } from "./entries.js";
import { createNameMutators, respell } from "./name-mutators.js";
import type { Random } from "./random.js";
import type { SeedArchive } from "./seed-archives.js";
import { edited, nameOf, type Piece, takeApart, typeOf } from "./tar-surgery.js";

/** Paths that are worth a try. */
export interface Hints {
  readonly outside: string;
}

export interface Mutators {
  readonly structural: Readonly<Record<string, (pieces: readonly Piece[]) => readonly Piece[]>>;
  readonly blind: Readonly<Record<string, (bytes: Buffer) => Buffer>>;
}

const types = [..."0012234555567xgXLKSVDMN\0A"];
const sizes = [0, 1, 10, 511, 512, 513, 1024, 4096, 2 ** 31, 2 ** 33 - 1];
const magics = ["ustar\x0000", gnuMagic, "\0\0\0\0\0\0\0\0", "ustar\0  "];

export function createMutators(random: Random, { outside }: Hints, another: () => SeedArchive): Mutators {
  const { below, pick, chance } = random;

  const entryAt = (pieces: readonly Piece[]): number => {
    const found = pieces.flatMap(({ isEntry }, at) => (isEntry ? [at] : []));
    return pick(found);
  };
  /** The same pieces with one entry in another form. */
  const change = (pieces: readonly Piece[], how: (piece: Piece) => Piece): Piece[] => {
    const at = entryAt(pieces);
    return pieces.map((piece, index) => (index === at ? how(piece) : piece));
  };
  const insert = (pieces: readonly Piece[], at: number, ...bytes: Buffer[]): Piece[] => [
    ...pieces.slice(0, at),
    ...bytes.map((each) => ({ bytes: each, isEntry: true })),
    ...pieces.slice(at),
  ];

  const number = (width: number): string => {
    const octal = (value: number) =>
      value
        .toString(8)
        .padStart(width - 1, "0")
        .slice(-width);
    return pick([
      () => `${octal(pick(sizes))}\0`,
      () => `${octal(below(5000))}\0`,
      () => `${octal(below(10))} `.padStart(width, " "),
      () => base256(BigInt(pick(sizes))).slice(-width),
      () => base256(-BigInt(pick(sizes))).slice(-width),
      () => pick([" ", "\0", "7", "9", "\xff"]).repeat(width),
      () => "-1".padEnd(width, "\0"),
    ])();
  };
  /** A name made of one that is there, or a hostile one. */
  const name = (pieces: readonly Piece[]): string => {
    const known = nameOf(pieces[entryAt(pieces)] as Piece);
    const base = known.replace(/\/+$/, "");
    return pick([
      () => known,
      () => base,
      () => `${base}/`,
      () => `./${base}`,
      () => base.replace(/^\.\//, ""),
      () => `${base}/.`,
      () => `${base}/below`,
      () => base.replace("/", "//"),
      () => base.split("/").slice(0, -1).join("/") || ".",
      () => `${base}/../x`,
      () => `../outside/${pick(["file", "dir", "new", "program"])}`,
      () => `${outside}/${pick(["file", "dir/file", "new", "program"])}`,
      () => pick([".", "..", "./", "/", "", " ", "s", "d", "e", "a/b"]),
      () => "l".repeat(below(300)),
    ])();
  };
  const target = (pieces: readonly Piece[]): string =>
    pick([() => name(pieces), () => outside, () => `${outside}/file`, () => "../outside", () => "."])();
  const record = (pieces: readonly Piece[]): [string, string] =>
    pick<() => [string, string]>([
      () => ["path", name(pieces)],
      () => ["linkpath", target(pieces)],
      () => ["size", `${pick(sizes)}`],
      () => ["mtime", pick(["0", "-1", "1.5", "1400000001.123456789", "x", "99999999999999999999"])],
      () => [pick(["uid", "gid"]), `${pick(sizes)}`],
      () => [`SCHILY.xattr.${pick(["user.a", "trusted.overlay.opaque", "security.capability"])}`, "y"],
      () => [
        `GNU.sparse.${pick(["major", "minor", "realsize", "size", "numblocks", "offset"])}`,
        `${pick(sizes)}`,
      ],
      () => [pick(["GNU.sparse.name", "GNU.sparse.map", "GNU.dumpdir"]), name(pieces)],
      () => ["hdrcharset", "BINARY"],
      () => ["comment", paxRecord("path", "../outside/new")],
    ])();

  /** The entry with its name, and the target of a hard link, spelled in another way, where the fields have room. */
  const respelled = (piece: Piece): Piece => {
    const edits: [number, string][] = [];
    for (const [at, isName] of [
      [0, true],
      [157, typeOf(piece.bytes) === "1"],
    ] as const) {
      const spelling = respell(random, piece.bytes.toString("latin1", at, at + 100).replace(/\0.*$/s, ""));
      if (isName && spelling.length <= 100) edits.push([at, spelling.padEnd(100, "\0")]);
    }
    return edited(piece, edits);
  };

  const structural: Mutators["structural"] = {
    ...createNameMutators(random),
    "another name": (pieces) =>
      change(pieces, (piece) => edited(piece, [[0, name(pieces).slice(0, 100).padEnd(100, "\0")]])),
    "other spellings of all names": (pieces) =>
      pieces.map((piece) =>
        piece.isEntry && !"xgXLKV".includes(typeOf(piece.bytes)) ? respelled(piece) : piece,
      ),
    "another type": (pieces) => change(pieces, (piece) => edited(piece, [[156, pick(types)]])),
    "another number": (pieces) =>
      change(pieces, (piece) => {
        const [at, width] = pick([
          [fields.size, 12],
          [fields.size, 12],
          [fields.mode, 8],
          [fields.uid, 8],
          [fields.gid, 8],
          [fields.mtime, 12],
          [329, 8],
          [337, 8],
        ] as const);
        return edited(piece, [[at, number(width)]]);
      }),
    "another magic": (pieces) => change(pieces, (piece) => edited(piece, [[257, pick(magics)]])),
    "a prefix": (pieces) =>
      change(pieces, (piece) => edited(piece, [[345, `${name(pieces).slice(0, 100)}\0`]])),
    "another mode": (pieces) =>
      change(pieces, (piece) =>
        edited(piece, [[fields.mode, `${pick(["0000777", "0000000", "0004755", "0000700", "0100644"])}\0`]]),
      ),
    "another field of a sparse file": (pieces) =>
      change(pieces, (piece) =>
        edited(piece, [
          [pick([386, 398, 410, 422, 483]), number(12)],
          ...(chance(0.2) ? [[482, "\x01"] as const] : []),
        ]),
      ),
    "a link in its place": (pieces) =>
      change(pieces, (piece) =>
        edited(piece, [
          [156, pick(["1", "2"])],
          [157, target(pieces).slice(0, 100).padEnd(100, "\0")],
          [fields.size, "00000000000\0"],
        ]),
      ),
    "a link before it": (pieces) =>
      insert(
        pieces,
        entryAt(pieces),
        entry({ name: name(pieces), type: pick(["1", "2"]), linkName: target(pieces) }),
      ),
    "a link at the end": (pieces) =>
      insert(
        pieces,
        pieces.findLastIndex(({ isEntry }) => isEntry) + 1,
        entry({ name: name(pieces), type: pick(["1", "2"]), linkName: target(pieces) }),
      ),
    "a directory or file before it": (pieces) =>
      insert(
        pieces,
        entryAt(pieces),
        entry(
          { name: name(pieces), type: pick(["0", "5", "5", "6"]), mode: pick([0o777, 0o700, 0o644]) },
          "",
        ),
      ),
    "an entry twice": (pieces) => insert(pieces, entryAt(pieces), (pieces[entryAt(pieces)] as Piece).bytes),
    "an entry gone": (pieces) => pieces.toSpliced(entryAt(pieces), 1),
    "an entry elsewhere": (pieces) => {
      const from = entryAt(pieces);
      return pieces.toSpliced(from, 1).toSpliced(below(pieces.length), 0, pieces[from] as Piece);
    },
    "two entries swapped": (pieces) => {
      const [one, other] = [entryAt(pieces), entryAt(pieces)];
      return pieces.with(one, pieces[other] as Piece).with(other, pieces[one] as Piece);
    },
    "entries of another archive": (pieces) => {
      const others = takeApart(another().bytes).filter(({ isEntry }) => isEntry);
      return pieces.toSpliced(entryAt(pieces), 0, ...others.slice(0, 1 + below(6)));
    },
    "the beginning of one, the end of another archive": (pieces) => [
      ...pieces.slice(0, entryAt(pieces)),
      ...takeApart(another().bytes),
    ],
    "an extended header before it": (pieces) => {
      const records = Array.from({ length: 1 + below(3) }, () => record(pieces));
      return insert(pieces, entryAt(pieces), pax(records, chance(0.2) ? "g" : "x"));
    },
    "another record": (pieces) => {
      const at = pieces.findIndex(
        ({ bytes, isEntry }) => isEntry && "xg".includes(typeOf(bytes)) && chance(0.3),
      );
      if (at === -1) return insert(pieces, entryAt(pieces), pax([record(pieces)]));
      return pieces.with(at, {
        bytes: withOtherRecords((pieces[at] as Piece).bytes, record(pieces)),
        isEntry: true,
      });
    },
    "a long name before it": (pieces) =>
      insert(pieces, entryAt(pieces), longName(name(pieces), chance(0.5) ? "L" : "K")),
    "a block of zeros before it": (pieces) => insert(pieces, entryAt(pieces), Buffer.alloc(blockSize)),
    "a body that is gone": (pieces) =>
      change(pieces, ({ bytes, isEntry }) => ({ bytes: bytes.subarray(0, blockSize), isEntry })),
    "a body that is longer": (pieces) =>
      change(pieces, ({ bytes, isEntry }) => ({
        bytes: Buffer.concat([bytes, Buffer.alloc(blockSize, "x")]),
        isEntry,
      })),
  };

  /** Adds a record to an extended header, takes one's place, or writes over a byte of its text. */
  function withOtherRecords(bytes: Buffer, [keyword, value]: [string, string]): Buffer {
    const text = bytes.toString("latin1", blockSize).replace(/\0+$/, "");
    const lines = text.split("\n").filter((line) => line !== "");
    const at = below(lines.length + 1);
    const added = paxRecord(keyword, value).slice(0, -1);
    const changed = pick([
      () => [...lines.slice(0, at), added, ...lines.slice(at)],
      () => [...lines.slice(0, at), added, ...lines.slice(at + 1)],
      () => lines.map((line, index) => (index === at ? `${below(100)}${line}` : line)),
      () => [...lines, ...lines.slice(at)],
    ])();
    const body = `${changed.join("\n")}\n`;
    return entry({ name: "PaxHeaders/x", type: typeOf(bytes) }, body);
  }

  const overwrite = (bytes: Buffer, count: number, how: (byte: number) => number): Buffer => {
    const copy = Buffer.from(bytes);
    for (let left = count; left > 0; left--) {
      const at = below(copy.length);
      copy[at] = how(copy[at] as number);
    }
    return copy;
  };
  const blockAt = (bytes: Buffer) => below(Math.max(1, Math.floor(bytes.length / blockSize))) * blockSize;

  const blind: Mutators["blind"] = {
    "bits flipped": (bytes) => overwrite(bytes, 1 + below(8), (byte) => byte ^ (1 << below(8))),
    "bytes overwritten": (bytes) => overwrite(bytes, 1 + below(32), () => below(256)),
    "cut off": (bytes) => bytes.subarray(0, chance(0.5) ? below(bytes.length) : blockAt(bytes)),
    "bytes gone": (bytes) => {
      const at = below(bytes.length);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(600))]);
    },
    "bytes put in": (bytes) => {
      const at = below(bytes.length);
      return Buffer.concat([
        bytes.subarray(0, at),
        Buffer.alloc(1 + below(600), below(256)),
        bytes.subarray(at),
      ]);
    },
    "a block twice": (bytes) => {
      const [from, to] = [blockAt(bytes), blockAt(bytes)];
      return Buffer.concat([
        bytes.subarray(0, to),
        bytes.subarray(from, from + blockSize),
        bytes.subarray(to),
      ]);
    },
    "a block gone": (bytes) => {
      const at = blockAt(bytes);
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + blockSize)]);
    },
    "two blocks swapped": (bytes) => {
      const copy = Buffer.from(bytes);
      const [one, other] = [blockAt(bytes), blockAt(bytes)];
      bytes.copy(copy, one, other, other + blockSize);
      bytes.copy(copy, other, one, one + blockSize);
      return copy;
    },
    "something behind it": (bytes) => Buffer.concat([bytes, another().bytes.subarray(0, 5000)]),
  };

  return { structural, blind };
}
