// What overlayfs needs in place of a layer's whiteout files, as a tiny archive for GNU tar to write: Node can make
// neither devices nor extended attributes.
import { lstat } from "node:fs/promises";
import { meaningOf } from "../../graph/index.js";
import { tools } from "../../host/index.js";
import {
  type BodilessEntry,
  baseName,
  childPath,
  endOfArchive,
  formatTarEntry,
  isSeen,
  joinPath,
  parentPath,
  quoteName,
  readDirectoryXattrs,
  toolOutput,
} from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";

/** Kernel doc overlayfs.rst, "whiteouts and opaque directories". */
const opaque = { "trusted.overlay.opaque": "y" };

/** An archive for a view, and which directories it makes opaque. */
export interface ViewArchive {
  readonly bytes: Buffer;
  readonly opaqueDirectories: readonly string[];
}

/**
 * Makes the archive: the devices and opaque directories, and every directory that the removal of a marker touches,
 * with the attributes it has in the layer.
 * @param markers all names of the layer that begin with `.wh.`, relative latin1 strings
 * @param below the layers under it, topmost first
 */
export async function makeViewArchive(
  layerDirectory: string,
  below: readonly string[],
  markers: readonly string[],
): Promise<ViewArchive> {
  const layer = Buffer.from(layerDirectory);
  const byDirectory = new Map<string, string[]>(markers.map((path) => [parentPath(path), []]));
  for (const path of markers) byDirectory.get(parentPath(path))?.push(baseName(path));
  const opaqueDirectories = new Set<string>();
  const devices: string[] = [];
  // Each directory before those in it: in one that hides what lies below, nothing is left to delete.
  for (const directory of [...byDirectory.keys()].sort()) {
    const meanings = (byDirectory.get(directory) ?? []).map(meaningOf);
    if (meanings.some(({ kind }) => kind === "opaque")) opaqueDirectories.add(directory);
    for (const meaning of meanings) {
      if (meaning.kind !== "whiteout") continue;
      const path = childPath(directory, meaning.name);
      const brought = await kindOf(joinPath(layer, path));
      // Deleted and made anew in one layer: a file hides what was there, a directory would let it through.
      if (brought === "directory") opaqueDirectories.add(path);
      if (brought !== "nothing" || isWithin(path, opaqueDirectories) || !isSeen(below, path)) continue;
      devices.push(path);
    }
  }
  const touched = [...new Set([...byDirectory.keys(), ...opaqueDirectories])].sort();
  const directories = touched.map((path) => describe(layer, path, opaqueDirectories.has(path)));
  const entries: BodilessEntry[] = [
    ...devices.map((path) => ({ path, kind: "whiteout" as const, mode: 0, uid: 0, gid: 0, mtimeNs: 0n })),
    ...(await Promise.all(directories)),
  ];
  const bytes = Buffer.concat([...entries.map(formatTarEntry), endOfArchive]);
  return { bytes, opaqueDirectories: [...opaqueDirectories] };
}

/**
 * Writes the archive over a copy of the layer. Here `trusted.*` is restored: the archive is our own.
 * @throws `ATTRIBUTE_UNSUPPORTED` for a directory that cannot be made opaque, as where its other attributes leave no room
 */
export async function applyViewArchive(
  { bytes, opaqueDirectories }: ViewArchive,
  view: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  async function* input() {
    yield bytes;
  }
  const args = [
    "-x",
    "-f",
    "-",
    "-C",
    view,
    "--numeric-owner",
    "--same-owner",
    "--same-permissions",
    "--delay-directory-restore",
    "--xattrs",
    "--xattrs-include=trusted.overlay.opaque",
  ];
  for await (const _ of toolOutput(tools.tar, args, { input: input(), signal }));
  const found = await readDirectoryXattrs(view, opaqueDirectories, Object.keys(opaque), signal);
  for (const path of opaqueDirectories) if (!found.has(path)) throw notKept(path, "trusted.overlay.opaque");
}

/** The extended attributes that a view keeps of its layer's directories. */
const kept = ["user.*", "security.capability"];

/** Those that a layer's directories have, as `readDirectoryXattrs` gives them. */
export function readPromised(
  layerDirectory: string,
  directories: readonly string[],
  signal: AbortSignal | undefined,
): Promise<Map<string, string[]>> {
  return readDirectoryXattrs(layerDirectory, directories, kept, signal);
}

/**
 * Asserts that the directories of a view have the attributes of the layer's, which cp(1) leaves out without a word where
 * they cannot be kept.
 * @param promised as `readPromised` gives them
 * @throws `ATTRIBUTE_UNSUPPORTED`
 */
export async function assertViewKept(
  promised: ReadonlyMap<string, readonly string[]>,
  view: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = await readDirectoryXattrs(view, [...promised.keys()], kept, signal);
  for (const [path, attributes] of promised) {
    const lost = attributes.find((attribute) => !found.get(path)?.includes(attribute));
    if (lost !== undefined) throw notKept(path, lost.slice(0, lost.indexOf("=")));
  }
}

function notKept(path: string, attribute: string): StevedoreError {
  const message = `${quoteName(path === "" ? "." : path)} cannot be kept with its ${attribute} in a view`;
  return new StevedoreError("ATTRIBUTE_UNSUPPORTED", `${message}: the file system does not take that`);
}

/** True for a path in one of the directories, however deep. */
function isWithin(path: string, directories: ReadonlySet<string>): boolean {
  if (directories.size === 0) return false;
  for (let at = path; at !== ""; at = parentPath(at)) if (directories.has(parentPath(at))) return true;
  return false;
}

async function kindOf(path: Buffer): Promise<"nothing" | "directory" | "other"> {
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return "nothing";
  return found.isDirectory() ? "directory" : "other";
}

async function describe(layer: Buffer, path: string, isOpaque: boolean): Promise<BodilessEntry> {
  const { mode, uid, gid, mtimeNs } = await lstat(joinPath(layer, path), { bigint: true });
  return {
    path: path === "" ? "." : path,
    kind: "directory",
    mode: Number(mode & 0o7777n),
    uid: Number(uid),
    gid: Number(gid),
    mtimeNs,
    ...(isOpaque ? { xattrs: opaque } : {}),
  };
}
