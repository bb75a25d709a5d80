// Reads what a layer has: from its manifest where there is one, else by a walk over its directory.
import { lstatSync } from "node:fs";
import { ioError } from "../disk/index.js";
import type { Graph, Image } from "../graph/index.js";
import { findRecords } from "../host/index.js";
import { DamagedManifest, eachWithXattrs, joinPath, openManifest, xattrsDigest } from "../layer/index.js";
import { buildTree, type Described, type FileType, type LayerTree } from "./layer-tree.js";

/**
 * Reads the entries of a layer. A walk tells neither digests of contents nor extended attributes of what is not a
 * directory.
 * @throws `INTERNAL` for a layer that cannot be read, `NEEDS_ROOT`, `TOOL_MISSING`, `CANCELLED`
 */
export async function readLayerTree(
  graph: Graph,
  image: Image,
  signal?: AbortSignal | undefined,
): Promise<LayerTree> {
  const stored = Object.values(await graph.storedChecksums(image.id)).map(({ tarDigest }) => tarDigest);
  for (const tarDigest of new Set(stored)) {
    const tree = tarDigest === null ? undefined : await fromManifest(graph.manifestPath(image.id), tarDigest);
    if (tree !== undefined) return tree;
  }
  try {
    return await fromDirectory(image.layerDirectory, signal);
  } catch (error) {
    throw ioError(error, `the layer of image ${image.id} cannot be read`);
  }
}

/** Undefined where there is no manifest of that digest that can be read to its end. */
async function fromManifest(path: string, tarDigest: string): Promise<LayerTree | undefined> {
  const builder = buildTree();
  try {
    const entries = await openManifest(path, tarDigest);
    if (entries === undefined) return undefined;
    for await (const { path, type, mode, uid, gid, mtime, size, target, device, xattrs, sha256 } of entries) {
      if (type === "hardlink") builder.link(path.slice(1), target?.slice(1) ?? "");
      else {
        const described = { type, mode, uid, gid, mtime, size, target, device, sha256 };
        builder.add(path.slice(1), { ...described, xattrs: xattrs ?? "" });
      }
    }
    return builder.finish();
  } catch (error) {
    if (error instanceof DamagedManifest) return undefined;
    throw error;
  }
}

const typesOfFind: Readonly<Record<string, FileType>> = {
  ...{ f: "file", d: "directory", l: "symlink", c: "character", b: "block", p: "fifo", s: "socket" },
};

/** Two records a name: what it is, with its path at the end; and the target of a symlink. */
const format = String.raw`%y %m %U %G %s %T@ %n %D:%i %P\0%l`;

async function fromDirectory(layer: string, signal: AbortSignal | undefined): Promise<LayerTree> {
  const directories: [path: string, described: Described][] = [];
  const others: [path: string, described: Described, inode: string | undefined][] = [];
  let head: string | undefined;
  for await (const records of findRecords([layer], [], format, signal)) {
    for (const record of records) {
      if (head === undefined) {
        head = record;
        continue;
      }
      const [letter = "", mode = "", uid, gid, size, time = "", links, inode, ...path] = head.split(" ");
      const type = typesOfFind[letter] ?? "file";
      const at = path.join(" ");
      const described: Described = {
        ...{
          type,
          mode: mode.padStart(4, "0"),
          uid: Number(uid),
          gid: Number(gid),
          mtime: nanoseconds(time),
        },
        size: type === "file" ? Number(size) : 0,
        target: type === "symlink" ? record : undefined,
        device: type === "character" || type === "block" ? deviceAt(layer, at) : undefined,
        ...{ xattrs: undefined, sha256: undefined },
      };
      if (type === "directory") directories.push([at, described]);
      else others.push([at, described, links === "1" ? undefined : inode]);
      head = undefined;
    }
  }
  const builder = buildTree();
  const paths = directories.map(([path]) => path);
  const digests = await readXattrs(layer, paths, signal);
  for (const [path, described] of directories) {
    builder.add(path, { ...described, xattrs: digests.get(path) ?? "" });
  }
  const known = new Map<string, string>();
  for (const [path, described, inode] of others) {
    const first = inode === undefined ? undefined : known.get(inode);
    if (first !== undefined) builder.link(path, first);
    else {
      builder.add(path, described);
      if (inode !== undefined) known.set(inode, path);
    }
  }
  return builder.finish();
}

/**
 * Reads extended attributes, of files too: for these all their bytes are read.
 * @param paths latin1 strings relative to the layer
 * @returns the digests by path, as a manifest has them; those without any attribute are left out
 * @throws `INTERNAL`, `TOOL_MISSING`, `CANCELLED`
 */
export async function readXattrs(
  layer: string,
  paths: readonly string[],
  signal?: AbortSignal | undefined,
): Promise<Map<string, string>> {
  const digests = new Map<string, string>();
  for await (const [path, xattrs] of eachWithXattrs(layer, { paths, masks: layerXattrs }, signal)) {
    const digest = xattrsDigest(xattrs);
    if (digest !== undefined) digests.set(path, digest);
  }
  return digests;
}

/** The extended attributes that a layer holds, as globs. */
const layerXattrs = ["user.*", "security.capability"];

/** find writes whole seconds, rounded down, and ten digits behind the point that count up from there. */
function nanoseconds(time: string): string {
  const [seconds = "0", fraction = ""] = time.split(".");
  return String(BigInt(seconds) * 1_000_000_000n + BigInt(fraction.slice(0, 9).padEnd(9, "0")));
}

/** `major:minor`, as Linux packs them into one number (makedev(3)). */
function deviceAt(layer: string, path: string): string {
  const number = lstatSync(joinPath(Buffer.from(layer), path), { bigint: true }).rdev;
  const major = ((number >> 8n) & 0xfffn) | ((number >> 32n) & 0xfffff000n);
  const minor = (number & 0xffn) | ((number >> 12n) & 0xffffff00n);
  return `${major}:${minor}`;
}
