// A tree in a few words, for the corpus to say what an archive must become.
import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { readAttributes } from "../support/trees/tree-listing.js";

/** The time of every entry that crafted-tar.ts makes, in seconds. */
const usualTime = 1_400_000_000n;
/** Content up to this many bytes is shown. */
const shownBytes = 24;

const letters = new Map([
  [0o040000n, "d"],
  [0o100000n, "f"],
  [0o120000n, "l"],
  [0o020000n, "c"],
  [0o060000n, "b"],
  [0o010000n, "p"],
]);

/**
 * A line for each path, sorted: kind, mode, path, then what is in it; `h` is another name of an earlier file. Owner,
 * time in seconds (`@`) and xattrs only where they are not 0:0, that of crafted entries, and none. The root is left
 * out where it is as a root is that no entry names.
 */
export async function describeTree(root: string): Promise<string[]> {
  const attributes = await readAttributes(root);
  const lines: string[] = [];
  const seen = new Map<bigint, string>();
  for (const [path, stat] of walkTree(root)) {
    const first = seen.get(stat.ino);
    if (first !== undefined) {
      lines.push(`h ${quote(path)} = ${quote(first)}`);
      continue;
    }
    if (!stat.isDirectory()) seen.set(stat.ino, path);
    const kind = letters.get(stat.mode & 0o170000n) ?? "?";
    const mode = kind === "l" ? [] : [(stat.mode & 0o7777n).toString(8)];
    const seconds = stat.mtimeNs / 1_000_000_000n;
    const line = [
      ...[kind, ...mode, quote(path), ...content(root, path, stat)],
      ...(stat.uid === 0n && stat.gid === 0n ? [] : [`${stat.uid}:${stat.gid}`]),
      ...(seconds === usualTime ? [] : [`@${seconds}`]),
      ...(attributes.get(path === "" ? "." : path) ?? []),
    ].join(" ");
    if (line !== "d 755 . @0") lines.push(line);
  }
  return lines;
}

/**
 * All paths below a directory, itself as `""`, sorted, with their lstat. Names are latin1 strings.
 * @param skipped a path that is left out with all below it
 */
export function walkTree(root: string, skipped?: string): [path: string, stat: BigIntStats][] {
  const found: [string, BigIntStats][] = [];
  const todo = [""];
  for (let path = todo.pop(); path !== undefined; path = todo.pop()) {
    if (path === skipped) continue;
    const stat = lstatSync(below(root, path), { bigint: true });
    found.push([path, stat]);
    if (!stat.isDirectory()) continue;
    for (const name of readdirSync(below(root, path), { encoding: "latin1" })) {
      todo.push(path === "" ? name : `${path}/${name}`);
    }
  }
  return found.sort(([one], [other]) => (one < other ? -1 : 1));
}

/** A path of a latin1 name. */
export function below(root: string, path: string): Buffer {
  return Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")]);
}

function content(root: string, path: string, stat: BigIntStats): string[] {
  if (stat.isSymbolicLink()) return [`-> ${quote(readlinkSync(below(root, path), { encoding: "latin1" }))}`];
  if (stat.isCharacterDevice() || stat.isBlockDevice()) return [`${stat.rdev >> 8n}:${stat.rdev & 0xffn}`];
  if (!stat.isFile() || stat.size === 0n) return [];
  if (stat.size > 1024n * 1024n) return [`(${stat.size} bytes)`];
  const bytes = readFileSync(below(root, path));
  if (bytes.length <= shownBytes) return [JSON.stringify(bytes.toString("latin1"))];
  return [`(${bytes.length} bytes, md5 ${createHash("md5").update(bytes).digest("hex").slice(0, 8)})`];
}

/** What nobody wants to read in full. */
const longPart = /(.)\1{20}/;

/** Only where it must be. */
function quote(path: string): string {
  if (path === "") return ".";
  return /^[!-~]+$/.test(path) && !longPart.test(path) ? path : shorten(JSON.stringify(path));
}

function shorten(text: string): string {
  return !longPart.test(text) ? text : `${text.slice(0, 25)}…(${text.length})…${text.slice(-25)}`;
}
