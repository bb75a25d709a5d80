// Reads the upper of a mount (its writable branch) as the driver leaves it: what was written, and what was deleted of
// the layers below.
import { lstat, readdir } from "node:fs/promises";
import { meaningOf } from "../../graph/index.js";
import { findRecords } from "../../host/index.js";
import { byteOrder, childPath, joinPath } from "../tar/index.js";
import { readDirectoryXattrs } from "../xattrs.js";

/**
 * How a driver notes deletions. `devices`: a character device 0:0 deletes its name, and an xattr makes a directory
 * opaque (kernel doc overlayfs.rst, "whiteouts and opaque directories"). `files`: the same, and also by the names of
 * AUFS. `names`: by these and devices, and no xattr means anything.
 */
export type DeletionForm = "devices" | "files" | "names";

export interface Upper {
  readonly directory: string;
  readonly form: DeletionForm;
}

/** A directory of an upper. Names are latin1 strings. */
export interface UpperDirectory {
  /** True if nothing of the layers below is seen in it. */
  readonly isOpaque: boolean;
  /** The names that were deleted and not made again, sorted. */
  readonly deleted: readonly string[];
  /** What was written, sorted by name. */
  readonly written: readonly UpperEntry[];
}

export interface UpperEntry {
  readonly name: string;
  readonly isDirectory: boolean;
  /** True if its name was deleted too, so that nothing of what it was before is seen in it. */
  readonly isNew: boolean;
}

/** Reads directories of an upper by their paths relative to it; `""` is its root. */
export type ReadUpper = (path: string) => Promise<UpperDirectory>;

/** What a form makes of extended attributes. */
interface XattrUse {
  /** Those that make a directory opaque. */
  readonly opaque: readonly string[];
  /** Globs of those among `user.*` that are the driver's own notes. Nobody can set them in its mounts. */
  readonly own: readonly string[];
}

/** The kernel's overlayfs takes `user.overlay.*` for its own only by the option `userxattr`, which no mount here has. */
export const xattrUse: Readonly<Record<DeletionForm, XattrUse>> = {
  devices: { opaque: ["trusted.overlay.opaque"], own: [] },
  files: {
    opaque: ["trusted.overlay.opaque", "user.overlay.opaque", "user.fuseoverlayfs.opaque"],
    own: ["user.overlay.*", "user.fuseoverlayfs.*"],
  },
  names: { opaque: [], own: [] },
};

/** Prepares to read an upper: finds its opaque directories. @throws `INTERNAL`, `TOOL_MISSING`, `CANCELLED` */
export async function openUpper(
  { directory, form }: Upper,
  signal?: AbortSignal | undefined,
): Promise<ReadUpper> {
  const opaque = await readDirectoryXattrs(
    directory,
    await directoriesOf(directory, signal),
    xattrUse[form].opaque,
    signal,
  );
  const root = Buffer.from(directory);
  return async (path) => {
    let isOpaque = opaque.get(path)?.some((attribute) => attribute.endsWith("=y")) ?? false;
    const deleted = new Set<string>();
    const written: { name: string; isDirectory: boolean }[] = [];
    for (const entry of await readdir(joinPath(root, path), { withFileTypes: true, encoding: "latin1" })) {
      const { name } = entry;
      const meaning = meaningOf(name);
      if (entry.isCharacterDevice() && (await isWhiteoutDevice(joinPath(root, childPath(path, name))))) {
        // fuse-overlayfs also marks an opaque directory by a device that has one of AUFS's names.
        if (form === "devices" || meaning.kind === "file") deleted.add(name);
      } else if (form === "devices" || meaning.kind === "file") {
        written.push({ name, isDirectory: entry.isDirectory() });
      } else if (meaning.kind === "whiteout") deleted.add(meaning.name);
      else if (meaning.kind === "opaque") isOpaque = true;
    }
    const entries = written.map((entry) => ({ ...entry, isNew: deleted.delete(entry.name) }));
    return {
      isOpaque,
      deleted: [...deleted].sort(byteOrder),
      written: entries.sort((one, other) => byteOrder(one.name, other.name)),
    };
  };
}

/** A character device of the number 0:0. */
async function isWhiteoutDevice(path: Buffer): Promise<boolean> {
  return (await lstat(path)).rdev === 0;
}

/** All directories of a tree as latin1 strings relative to it, its root `""` among them. */
async function directoriesOf(directory: string, signal: AbortSignal | undefined): Promise<string[]> {
  const paths: string[] = [];
  for await (const records of findRecords([directory], ["-type", "d"], "%P", signal)) paths.push(...records);
  return paths;
}
