// Opens files of a layer by the names of a tar-split, which nobody vouches for: never outside of the layer, and nothing
// but regular files. Names are latin1 strings.
import { closeSync, constants, lstatSync, openSync, readlinkSync } from "node:fs";
import { ioError } from "../../disk/index.js";
import { isErrno, StevedoreError } from "../../terms/index.js";
import { mostSymlinks, quoteName, splitName } from "../tar/index.js";
import { brokenSplit } from "./split-line.js";

/** The files of a layer. Not for two readers at once. */
export interface LayerFiles extends Disposable {
  /**
   * Opens a file. The name is that of its place if the layer were the whole file system: it may begin with a slash, and
   * lead through symlinks.
   * @returns a file descriptor, which is the caller's
   * @throws `IMAGE_BROKEN` for a name that leads out of the layer; `CHECKSUM_MISMATCH` naming the file if it is not there,
   * not a regular file, or not of that size; `INTERNAL`
   */
  open(name: string, size: number): number;
}

/** A directory that is held open, by its name in the one before. */
interface Step {
  readonly name: string;
  readonly fd: number;
}

const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/**
 * Opens a layer. Synchronous: one system call is cheaper than its trip through the thread pool.
 * @throws `INTERNAL`, `NEEDS_ROOT`
 */
export function openLayerFiles(layerDirectory: string): LayerFiles {
  const root = openRoot(layerDirectory);
  /** The directories on the way to the last file: the next one is mostly in the same. */
  const trail: Step[] = [];

  const here = () => trail.at(-1)?.fd ?? root;

  function leave(depth: number): void {
    for (const { fd } of trail.splice(depth)) closeSync(fd);
  }

  /** Goes to a directory, so that it is the last of the trail. */
  function goTo(parts: readonly string[], name: string): void {
    let common = 0;
    while (common < parts.length && trail[common]?.name === parts[common]) common++;
    leave(common);
    const todo = parts.slice(common).reverse();
    let followed = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      if (part === "..") {
        if (trail.length === 0) throw brokenSplit(`${quoteName(name)} leads out of the layer`);
        leave(trail.length - 1);
        continue;
      }
      const fd = openDirectory(here(), part);
      if (fd !== undefined) {
        trail.push({ name: part, fd });
        continue;
      }
      const target = readlinkSync(below(here(), part), { encoding: "latin1" });
      if (++followed > mostSymlinks) {
        throw brokenSplit(`${quoteName(name)} leads through more than ${mostSymlinks} symlinks`);
      }
      if (target.startsWith("/")) leave(0);
      todo.push(...splitName(target).reverse());
    }
  }

  return {
    open(name, size) {
      const parts = splitName(name);
      const last = parts.pop();
      if (last === undefined || parts.includes("..") || last === ".." || name.includes("\0")) {
        throw brokenSplit(`${quoteName(name)} is not a valid name of a file`);
      }
      try {
        goTo(parts, name);
        const path = below(here(), last);
        const stat = lstatSync(path);
        if (!stat.isFile()) throw changed(name, "is not a file");
        if (stat.size !== size) throw changed(name, `has ${stat.size} bytes instead of ${size}`);
        return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      } catch (error) {
        if (error instanceof StevedoreError) throw error;
        if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EINVAL", "ENAMETOOLONG")) {
          throw changed(name, "is not there", error);
        }
        throw ioError(error, `${quoteName(name)} cannot be read`);
      }
    },
    [Symbol.dispose]() {
      leave(0);
      closeSync(root);
    },
  };
}

function openRoot(layerDirectory: string): number {
  try {
    return openSync(layerDirectory, O_RDONLY | O_DIRECTORY);
  } catch (error) {
    throw ioError(error, `the layer ${layerDirectory} cannot be read`);
  }
}

/** Undefined for a symlink, or whatever else is there. */
function openDirectory(parent: number, name: string): number | undefined {
  try {
    return openSync(below(parent, name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  } catch (error) {
    if (isErrno(error, "ENOTDIR", "ELOOP")) return undefined;
    throw error;
  }
}

function below(directory: number, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${directory}/${name}`, "latin1");
}

/** The error for a layer that is not what it was when it came. */
export function changed(name: string, how: string, cause?: unknown): StevedoreError {
  return new StevedoreError("CHECKSUM_MISMATCH", `the layer has changed: ${quoteName(name)} ${how}`, {
    cause,
  });
}
