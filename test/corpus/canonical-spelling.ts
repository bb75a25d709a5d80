// The canonical spelling of an archive, made in the plainest way: each entry is called by the path of the place where it
// lies if the layer is the whole file system. GNU tar is asked what it makes of that, with nothing before it.
import { type LayerEntry, type WalkedEntry, walkTar } from "../../src/layer/tar/index.js";
import { endOfArchive, longName, pax, seal } from "../support/trees/crafted-tar.js";
import { takeApart, typeOf } from "./tar-surgery.js";

/** What lies where: the kind of an entry, or the target of a symlink. */
type Things = Map<string, { readonly kind: LayerEntry["kind"]; readonly target: string }>;

/** The archive with canonical names. It must be one that is accepted. */
export function canonicalSpelling(bytes: Buffer): Buffer {
  const entries = readEntries(bytes);
  const things: Things = new Map();
  let written: { path: string; bytes: Buffer; isNowhere: boolean }[] = [];
  const linked = new Set<string>();
  entries.forEach((walked, at) => {
    const { entry, from, headerEnd } = walked;
    const path = place(things, entry.name);
    const isWhiteout = /(^|\/)\.wh\.[^/]*$/.test(path);
    if (isWhiteout && liesBelowNoDirectory(things, entry.name)) return;
    // A symlink that leads elsewhere is made at the end, where a file that it lay below may be a directory: if by then
    // another entry has its name, nobody sees that it lay nowhere.
    const isNowhere =
      entry.kind === "symlink" &&
      /^\/|(^|\/)\.\.(\/|$)/.test(entry.target) &&
      liesBelowNoDirectory(things, path);
    written = written.filter((one) => !(one.isNowhere && one.path === path && !linked.has(path)));
    if (entry.kind !== "directory") {
      // What it replaces is a directory only if there were but whiteouts in it.
      written = written.filter((one) => !one.path.startsWith(`${path}/`));
    }
    const target =
      entry.kind === "hardlink" ? place(things, entry.target) : "target" in entry ? entry.target : "";
    if (entry.kind === "hardlink") linked.add(target);
    const there = entry.kind === "hardlink" ? things.get(target) : undefined;
    things.set(path, there ?? { kind: entry.kind, target });
    const globals = takeApart(bytes.subarray(from, headerEnd)).filter((piece) => typeOf(piece.bytes) === "g");
    const body = bytes.subarray(headerEnd, entries[at + 1]?.from ?? bytes.length);
    const isLast = at === entries.length - 1;
    written.push({
      path,
      isNowhere,
      bytes: Buffer.concat([
        ...globals.map((piece) => piece.bytes),
        ...renamed(walked, path, target),
        isLast ? withoutEnd(body, walked.size) : body,
      ]),
    });
  });
  const canonical = Buffer.concat([...written.map((one) => one.bytes), endOfArchive]);
  assertStaysInside(canonical);
  return canonical;
}

/**
 * GNU tar is given such archives with `-P`, which takes its guards off.
 * @throws if a name is absolute, holds `..`, or leads through a symlink
 */
export function assertStaysInside(bytes: Buffer): void {
  const symlinks = new Set<string>();
  for (const { entry } of readEntries(bytes)) {
    const names = [entry.name, ...(entry.kind === "hardlink" ? [entry.target] : [])];
    for (const name of names) {
      const parts = name.split("/").filter((part) => part !== "" && part !== ".");
      const isThrough = parts.slice(1).some((_, at) => symlinks.has(parts.slice(0, at + 1).join("/")));
      if (name.startsWith("/") || parts.includes("..") || isThrough) throw new Error(`not inside: ${name}`);
    }
    const path = entry.name.replace(/\/+$/, "");
    const isSymlink = entry.kind === "symlink" || (entry.kind === "hardlink" && symlinks.has(entry.target));
    if (isSymlink) symlinks.add(path);
    else symlinks.delete(path);
  }
}

function readEntries(bytes: Buffer): WalkedEntry[] {
  const entries: WalkedEntry[] = [];
  const walk = walkTar({ entry: (walked) => entries.push({ ...walked, block: Buffer.from(walked.block) }) });
  walk.accept(bytes);
  return entries;
}

/** The body of the last entry: the blocks of its sparse map, and what its size says. */
function withoutEnd(rest: Buffer, size: number): Buffer {
  const after = rest.length % 512 === 0 ? rest : rest.subarray(0, rest.length - (rest.length % 512));
  let end = Math.ceil(size / 512) * 512;
  while (end < after.length && !after.subarray(end, end + 512).equals(endOfArchive.subarray(0, 512)))
    end += 512;
  return after.subarray(0, end);
}

/** The path of a name in the layer: all symlinks but the last component's are followed, from the layer's root. */
function place(things: Things, name: string): string {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  const last = parts.pop();
  if (last === undefined) return "";
  let path = "";
  const todo = parts;
  for (let steps = 0; todo.length > 0 && steps < 10_000; steps++) {
    const part = todo.shift() as string;
    if (part === "..") {
      path = path.slice(0, Math.max(0, path.lastIndexOf("/")));
      continue;
    }
    const next = path === "" ? part : `${path}/${part}`;
    const thing = things.get(next);
    if (thing?.kind === "symlink") {
      if (thing.target.startsWith("/")) path = "";
      todo.unshift(...thing.target.split("/").filter((each) => each !== "" && each !== "."));
    } else {
      path = next;
    }
  }
  return path === "" ? last : `${path}/${last}`;
}

function liesBelowNoDirectory(things: Things, name: string): boolean {
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  return parts.some((_, at) => {
    const thing = things.get(parts.slice(0, at).join("/"));
    return at > 0 && thing !== undefined && thing.kind !== "directory";
  });
}

/** The headers of an entry, its names in extended headers whatever their length. */
function renamed({ entry, block, header, extended }: WalkedEntry, path: string, target: string): Buffer[] {
  const isLink = "target" in entry;
  const name = entry.kind === "directory" ? `${path === "" ? "." : path}/` : path;
  const head = Buffer.from(block);
  head.write("x".padEnd(100, "\0"), 0, "latin1");
  if (header.dialect === "ustar") head.fill(0, 345, 500);
  if (header.dialect === "star") head.fill(0, 345, 475);
  seal(head);
  const isSparse = extended.pax?.sparseSize !== undefined;
  if (extended.pax === undefined) {
    return [longName(name), ...(isLink ? [longName(target, "K")] : []), head];
  }
  const kept = extended.records
    .filter(({ keyword }) => !["path", "linkpath", "GNU.sparse.name"].includes(keyword))
    .map(({ keyword, value }): [string, string] => [keyword, value.toString("latin1")]);
  const names: [string, string][] = [
    [isSparse ? "GNU.sparse.name" : "path", name],
    ...(isLink ? [["linkpath", target] as [string, string]] : []),
  ];
  return [pax([...kept, ...names]), head];
}
