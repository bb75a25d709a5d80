// What a directory tree holds, as lines that two trees can be compared by: all that a layer must keep, and nothing
// that two extractions of it may differ in (inode numbers, access times, sizes of directories).
import { createHash } from "node:crypto";
import { type BigIntStats, constants, createReadStream } from "node:fs";
import { lstat, readdir, readlink } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { execa } from "execa";

const types = new Map([
  [constants.S_IFSOCK, "socket"],
  [constants.S_IFLNK, "symlink"],
  [constants.S_IFREG, "file"],
  [constants.S_IFBLK, "block"],
  [constants.S_IFDIR, "directory"],
  [constants.S_IFCHR, "char"],
  [constants.S_IFIFO, "fifo"],
]);

/**
 * Lists a tree, its root as `.`, sorted by the bytes of the paths. A line holds: path (bytes beyond ASCII as escapes),
 * type, mode, uid:gid, mtime in nanoseconds, count of links and the first path of the same file, then device numbers,
 * link target or size and sha256 of the content, then all extended attributes as getfattr reads them.
 */
export async function listTree(root: string): Promise<string[]> {
  const attributes = await readAttributes(root);
  const paths = [".", ...(await walk(Buffer.from(root), ""))].sort();
  const firstOf = new Map<string, string>();
  const lines: string[] = [];
  for (const path of paths) {
    const full = Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, "latin1")]);
    const stat = await lstat(full, { bigint: true });
    const type = typeOf(stat);
    const inode = `${stat.dev}:${stat.ino}`;
    if (!firstOf.has(inode)) firstOf.set(inode, path);
    lines.push(
      [
        quote(path),
        type,
        (stat.mode & 0o7777n).toString(8),
        `${stat.uid}:${stat.gid}`,
        stat.mtimeNs,
        ...(type === "directory" ? [] : [`links=${stat.nlink}`, `same=${quote(firstOf.get(inode) ?? path)}`]),
        ...(await describeContent(full, type, stat)),
        ...(attributes.get(path) ?? []),
      ].join(" "),
    );
  }
  return lines;
}

function typeOf(stat: BigIntStats): string {
  return types.get(Number(stat.mode) & constants.S_IFMT) ?? "unknown";
}

async function describeContent(path: Buffer, type: string, stat: BigIntStats): Promise<string[]> {
  if (type === "symlink")
    return [`-> ${quote((await readlink(path, { encoding: "buffer" })).toString("latin1"))}`];
  if (type === "char" || type === "block") return [`device=${stat.rdev}`];
  if (type !== "file") return [];
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return [`size=${stat.size}`, hash.digest("hex")];
}

/** Paths below a directory, as latin1 strings. */
async function walk(root: Buffer, below: string): Promise<string[]> {
  const directory = Buffer.concat([root, Buffer.from(`/${below}`, "latin1")]);
  const paths: string[] = [];
  for (const entry of await readdir(directory, { withFileTypes: true, encoding: "buffer" })) {
    const path = below + (entry.name as unknown as Buffer).toString("latin1");
    paths.push(path);
    if (entry.isDirectory()) paths.push(...(await walk(root, `${path}/`)));
  }
  return paths;
}

/** The attributes of all files, by path: `name=0xhex`, sorted. */
export async function readAttributes(root: string): Promise<Map<string, string[]>> {
  const args = [
    "--recursive",
    "--physical",
    "--no-dereference",
    "--dump",
    "--match=-",
    "--encoding=hex",
    ".",
  ];
  const { stdout } = await execa("getfattr", args, { cwd: root, encoding: "buffer", env: { LC_ALL: "C" } });
  const found = new Map<string, string[]>();
  for (const block of Buffer.from(stdout).toString("latin1").split("\n\n")) {
    const [head = "", ...lines] = block.split("\n");
    if (!head.startsWith("# file: ")) continue;
    const path = head.slice("# file: ".length).replace(/\\([0-7]{3})/g, (_, octal: string) => {
      return String.fromCharCode(Number.parseInt(octal, 8));
    });
    found.set(path, lines.filter((line) => line !== "").sort());
  }
  return found;
}

function quote(path: string): string {
  return JSON.stringify(path).replace(/[\x7f-\xff]/g, (byte) => `\\x${byte.charCodeAt(0).toString(16)}`);
}
