// The manifest of a layer: what its canonical tar says of each entry. Where a digest no longer agrees, it tells which
// entries differ. It is made while the tar goes by.
import { createHash, type Hash } from "node:crypto";
import type { PaxRecord } from "./tar/index.js";
import { readNumber, type TarWalk, text, type WalkedEntry, walkTar } from "./tar/index.js";
import type { Xattr } from "./xattrs.js";

/** One entry. Names are latin1 strings: one character per byte. */
export interface ManifestEntry {
  /** Absolute within the layer: `/` is its root. */
  readonly path: string;
  readonly type: EntryType;
  /** Permissions in octal, four digits at least: `0644`. */
  readonly mode: string;
  readonly uid: number;
  readonly gid: number;
  /** Nanoseconds since 1970, in decimal: more than a double holds. */
  readonly mtime: string;
  /** Bytes of a file; 0 for everything else, hard links included. */
  readonly size: number;
  /** Of a symlink its target; of a hard link the path under which the file came first. */
  readonly target?: string;
  /** `major:minor` of a device. */
  readonly device?: string;
  /** sha256 of the extended attributes, in hex; absent where there are none. */
  readonly xattrs?: string;
  /** sha256 of a file's content, in hex. */
  readonly sha256?: string;
}

/** A `hardlink` is a further name of a file that came before under another name; tar writes no attributes with it. */
export type EntryType = "file" | "hardlink" | "symlink" | "character" | "block" | "directory" | "fifo";

/** By the type flags of POSIX ustar. */
const entryTypes: Readonly<Record<string, EntryType>> = {
  "0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "3": "character",
  "4": "block",
  "5": "directory",
  "6": "fifo",
};

/** The keywords under which GNU tar writes extended attributes. */
const xattrPrefix = "SCHILY.xattr.";

/**
 * A reader of a canonical tar. It gives the entries in the archive's order, each as soon as it has come whole. Memory
 * is that of one entry's names.
 */
export function createManifestReader(
  give: (entry: ManifestEntry) => void,
): Pick<TarWalk, "accept" | "finish"> {
  let entry: ManifestEntry | undefined;
  let content: Hash | undefined;
  return walkTar(
    {
      entry(walked) {
        entry = describe(walked);
        content = entry.type === "file" ? createHash("sha256") : undefined;
      },
      body: (piece) => content?.update(piece),
      end() {
        if (entry === undefined) return;
        give(content === undefined ? entry : { ...entry, sha256: content.digest("hex") });
        entry = undefined;
      },
    },
    { isOwn: true },
  );
}

/** The entries of a canonical tar, at the reader's pace. Throws what `tar` throws. */
export async function* manifestEntries(
  tar: AsyncIterable<Buffer>,
): AsyncGenerator<ManifestEntry, void, undefined> {
  let ready: ManifestEntry[] = [];
  const reader = createManifestReader((entry) => ready.push(entry));
  for await (const chunk of tar) {
    reader.accept(chunk);
    yield* ready;
    ready = [];
  }
  reader.finish();
}

/**
 * Compares two paths of a manifest in its order, that of `tar --sort=name`: by their bytes, name by name, so that what
 * lies in a directory comes before the directory's next sibling.
 */
export function pathOrder(one: string, other: string): number {
  const length = Math.min(one.length, other.length);
  for (let at = 0; at < length; at++) {
    const [a, b] = [one.charCodeAt(at), other.charCodeAt(at)];
    if (a === b) continue;
    return a === slash ? -1 : b === slash ? 1 : a - b;
  }
  return one.length - other.length;
}

const slash = 0x2f;

function describe({ entry, header, block, extended, size }: WalkedEntry): ManifestEntry {
  const fields = new Map<string, string>();
  const xattrs: PaxRecord[] = [];
  for (const record of extended.records) {
    if (record.keyword.startsWith(xattrPrefix)) xattrs.push(record);
    else fields.set(record.keyword, record.value.toString("latin1"));
  }
  const type = entryTypes[header.type] ?? "file";
  const number = (keyword: string, at: number) => Number(fields.get(keyword) ?? readNumber(block, at));
  const target = "target" in entry ? entry.target : "";
  const isDevice = type === "character" || type === "block";
  return {
    path: layerPath(entry.name),
    type,
    mode: text(block, 100, 108).replace(/^0+/, "").padStart(4, "0"),
    uid: number("uid", 108),
    gid: number("gid", 116),
    mtime: nanoseconds(fields.get("mtime") ?? String(readNumber(block, 136))),
    size,
    ...(type === "symlink" ? { target } : type === "hardlink" ? { target: layerPath(target) } : {}),
    ...(isDevice ? { device: `${octal(block, 329)}:${octal(block, 337)}` } : {}),
    ...(xattrs.length > 0 ? { xattrs: digestXattrs(xattrs) } : {}),
  };
}

/** `./etc/` of the archive is `/etc`, `./` is `/`. */
function layerPath(name: string): string {
  const path = name.replace(/^\.?\/*/, "/");
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

/** A field of 8 bytes. */
function octal(block: Buffer, at: number): number {
  return Number.parseInt(text(block, at, at + 8), 8);
}

/** Seconds with a fraction, as pax writes them (the sign is of the whole), as a whole number of nanoseconds. */
function nanoseconds(seconds: string): string {
  const [, sign = "", whole = "", fraction = ""] = /^(-?)(\d*)\.?(\d*)$/.exec(seconds) ?? [];
  const digits = `${whole}${fraction.slice(0, 9).padEnd(9, "0")}`.replace(/^0+/, "");
  return digits === "" ? "0" : sign + digits;
}

/** The digest of `<length> <name>=<value>` for each attribute, sorted, because disks list them in any order. */
function digestXattrs(xattrs: readonly PaxRecord[]): string {
  return digestAttributes(
    xattrs.map(({ keyword, value }) => `${keyword.slice(xattrPrefix.length)}=${value.toString("latin1")}`),
  );
}

/** The same of attributes that were read otherwise; undefined for none. */
export function xattrsDigest(xattrs: readonly Xattr[]): string | undefined {
  if (xattrs.length === 0) return undefined;
  const inTar = (name: string) => name.replaceAll("%", "%25").replaceAll("=", "%3D");
  return digestAttributes(xattrs.map(({ name, value }) => `${inTar(name)}=${value.toString("latin1")}`));
}

function digestAttributes(named: string[]): string {
  const hash = createHash("sha256");
  for (const attribute of named.sort()) hash.update(`${attribute.length} ${attribute}`, "latin1");
  return hash.digest("hex");
}
