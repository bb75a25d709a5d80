// Mutators of names alone: one file in several spellings, over symlinks, as another kind, and the targets of hard links.
import { entry, longName, pax } from "../support/trees/crafted-tar.js";
import type { Random } from "./random.js";
import { edited, nameOf, type Piece, typeOf } from "./tar-surgery.js";

type Mutator = (pieces: readonly Piece[]) => readonly Piece[];

/** Another spelling of a name: slashes and dots that do not count. */
export function respell({ pick, chance }: Random, name: string): string {
  const beginning = pick(["", "", "./", "/", "//", "/./", ".//"]);
  const middle = name.replaceAll("/", () => (chance(0.2) ? pick(["//", "/./"]) : "/"));
  return `${beginning}${middle}`;
}

/** Where the name and the link's target lie in a header. */
const [nameAt, targetAt, fieldLength] = [0, 157, 100];

export function createNameMutators(random: Random): Readonly<Record<string, Mutator>> {
  const { pick, chance, below } = random;

  const named = (pieces: readonly Piece[]) =>
    pieces.flatMap(({ bytes, isEntry }, at) => (isEntry && !"xgXLKV".includes(typeOf(bytes)) ? [at] : []));
  const plain = (name: string) =>
    name
      .split("/")
      .filter((part) => part !== "" && part !== ".")
      .join("/");
  const nameIn = (piece: Piece, at = nameAt) =>
    piece.bytes.toString("latin1", at, at + fieldLength).replace(/\0.*$/s, "");
  /** The piece with another text in a field, where there is room. */
  const withField = (piece: Piece, at: number, text: string): Piece =>
    text.length > fieldLength ? piece : edited(piece, [[at, text.padEnd(fieldLength, "\0")]]);
  const mapNames = (pieces: readonly Piece[], how: (name: string, piece: Piece) => string): Piece[] => {
    const all = new Set(named(pieces));
    return pieces.map((piece, at) =>
      all.has(at) ? withField(piece, nameAt, how(nameIn(piece), piece)) : piece,
    );
  };
  const made = (bytes: Buffer): Piece => ({ bytes, isEntry: true });
  /** Does something to an entry that is picked, if there is one. */
  const atOne = (pieces: readonly Piece[], how: (at: number, piece: Piece) => readonly Piece[]) => {
    const all = named(pieces);
    if (all.length === 0) return pieces;
    const at = pick(all);
    return how(at, pieces[at] as Piece);
  };
  /** Where another entry may be put: mostly somewhere behind. */
  const behind = (pieces: readonly Piece[], at: number) =>
    chance(0.2)
      ? below(at + 1)
      : at + 1 + below(Math.max(1, named(pieces).filter((each) => each > at).length + 1));
  const put = (pieces: readonly Piece[], at: number, ...more: Buffer[]) =>
    pieces.toSpliced(Math.min(at, pieces.findLastIndex(({ isEntry }) => isEntry) + 1), 0, ...more.map(made));

  return {
    "all names absolute": (pieces) => mapNames(pieces, (name) => `/${plain(name)}`),
    "a dot and slashes before all names": (pieces) =>
      mapNames(pieces, (name) => `${pick(["./", ".//", "././"])}${plain(name)}`),
    "slashes behind names": (pieces) =>
      mapNames(pieces, (name, piece) =>
        typeOf(piece.bytes) === "5" || chance(0.1)
          ? `${plain(name)}${pick(["", "/", "//", "/.", "/./"])}`
          : name,
      ),
    "other spellings of some names": (pieces) =>
      mapNames(pieces, (name) => (chance(0.5) ? respell(random, plain(name)) : name)),
    "a name over a symlink": (pieces) =>
      atOne(pieces, (at, piece) => {
        const parts = plain(nameOf(piece)).split("/");
        const depth = below(parts.length);
        const place = parts.slice(0, depth).join("/");
        const link = `over${below(3)}`;
        const target = pick([
          `/${place}`,
          place || ".",
          `./${place}`,
          `/${link}/../${place}`,
          `//${place}//`,
        ]);
        const name = [link, ...parts.slice(depth)].join("/");
        const renamed = pieces.with(at, withField(piece, nameAt, respell(random, name)));
        const first = chance(0.8) ? Math.min(...named(pieces)) : at;
        return put(renamed, first, entry({ name: respell(random, link), type: "2", linkName: target }));
      }),
    "a symlink in the place of a directory on the way": (pieces) =>
      atOne(pieces, (at, piece) => {
        const parts = plain(nameOf(piece)).split("/");
        const way = parts.slice(0, 1 + below(parts.length)).join("/");
        const linkName = pick(["/", ".", "..", "/elsewhere", "elsewhere", `/${way}`, `../${way}`]);
        return put(pieces, at, entry({ name: respell(random, way), type: "2", linkName }));
      }),
    "a name twice, in two spellings": (pieces) =>
      atOne(pieces, (at, piece) => {
        const again = withField(piece, nameAt, respell(random, plain(nameOf(piece))));
        return put(pieces, behind(pieces, at), again.bytes);
      }),
    "a name twice, as another kind": (pieces) =>
      atOne(pieces, (at, piece) => {
        const base = plain(nameOf(piece));
        const type = pick([..."012556"]);
        const name = respell(random, `${base}${type === "5" ? pick(["", "/", "/."]) : ""}`);
        const linkName = pick([
          base,
          "/",
          "..",
          "elsewhere",
          `/${base}`,
          nameIn(pieces[pick(named(pieces))] as Piece),
        ]);
        const another = entry({ name, type, ...("12".includes(type) ? { linkName } : {}) }, "");
        return put(pieces, behind(pieces, at), another);
      }),
    "a hard link to a name in another spelling": (pieces) =>
      atOne(pieces, (at, piece) => {
        const linkName = pick([
          () => respell(random, plain(nameOf(piece))),
          () => `${plain(nameOf(piece))}${pick(["/", "//", "/."])}`,
          () => pick(["/", ".", "./", "//."]),
        ])();
        const name = pick([
          () => `linked${below(3)}`,
          () => respell(random, plain(nameOf(piece))),
          () => nameIn(pieces[pick(named(pieces))] as Piece),
        ])();
        return put(
          pieces,
          behind(pieces, at),
          entry({ name, type: "1", linkName: linkName.slice(0, fieldLength) }),
        );
      }),
    "other spellings of hard links' targets": (pieces) =>
      pieces.map((piece) =>
        piece.isEntry && typeOf(piece.bytes) === "1"
          ? withField(piece, targetAt, respell(random, plain(nameIn(piece, targetAt))))
          : piece,
      ),
    "a spelling in an extended header": (pieces) =>
      atOne(pieces, (at, piece) => {
        const spelled = respell(random, plain(nameOf(piece)));
        const long = `${"/".repeat(below(200))}${spelled}`;
        const header = pick([() => pax([["path", long]]), () => longName(long, "L")])();
        return put(pieces, at, header);
      }),
  };
}
