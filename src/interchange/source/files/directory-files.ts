// The files of a source that is a directory. Others may replace files in it at any time. So each part of a path is
// opened by itself, below the handle of the part before, and links are never followed by the kernel.
import { constants, type FileHandle, open, opendir, readlink } from "node:fs/promises";
import { ioError } from "../../../disk/index.js";
import { isErrno, StevedoreError } from "../../../terms/index.js";
import { asPath, followLinks, type Node, notAFile, type SourceFile, type SourceFiles } from "./files.js";
import { readRange } from "./read-range.js";

/** The flag of Linux's open(2) for a handle that only names a file; Node has no constant for it. */
const O_PATH = 0o10000000;
const { O_DIRECTORY, O_NOFOLLOW, O_NONBLOCK, O_RDONLY } = constants;

/** How many names the directory may have: as many as an archive may have entries. */
const mostNames = 500_000;

/**
 * Opens a directory.
 * @param root its handle, which stays open when the source is closed
 */
export function openDirectory(root: FileHandle): SourceFiles {
  return {
    find: (name) => find(root, name),
    directories: () => directoriesIn(root),
    lacksEnd: false,
    async [Symbol.asyncDispose]() {},
  };
}

async function find(root: FileHandle, name: string): Promise<SourceFile | undefined> {
  const { path, node } = await followLinks(asPath(name), (at) => lookUp(root, at));
  if (node === undefined) return undefined;
  if (node.kind !== "file") throw notAFile(name);
  const { size } = node;
  return {
    name,
    size,
    async open() {
      const file = await openFile(root, path, name);
      return readRange(file, { start: 0, size, name }, () => file.close());
    },
  };
}

/** Returns what is at a path. All parts but the last must be known not to be links. */
async function lookUp(
  root: FileHandle,
  path: string,
): Promise<(Node & { readonly size: number }) | undefined> {
  return await atDirectory(root, path, async (directory, last) => {
    await using found = await open(below(directory, last), O_PATH | O_NOFOLLOW);
    const stats = await found.stat();
    if (!stats.isSymbolicLink()) return { kind: stats.isFile() ? "file" : "other", size: stats.size };
    const target = await readlink(below(directory, last), { encoding: "latin1" });
    return { kind: "symlink", target, size: 0 };
  });
}

async function openFile(root: FileHandle, path: string, name: string): Promise<FileHandle> {
  const file = await atDirectory(root, path, async (directory, last) => {
    await using found = await open(below(directory, last), O_PATH | O_NOFOLLOW);
    // Opening a device may switch it on, and opening a fifo would wake its writer.
    if (!(await found.stat()).isFile()) throw notAFile(name);
    return await open(`/proc/self/fd/${found.fd}`, O_RDONLY | O_NONBLOCK);
  });
  if (file === undefined) throw notAFile(name);
  return file;
}

/** Opens the directory of a path, and calls `work` with it and the last part. Undefined if either does not exist. */
async function atDirectory<Result>(
  root: FileHandle,
  path: string,
  work: (directory: FileHandle, last: string) => Promise<Result>,
): Promise<Result | undefined> {
  const parts = path.split("/");
  const last = parts.pop() ?? "";
  let directory = root;
  try {
    for (const part of parts) {
      const next = await open(below(directory, part), O_PATH | O_DIRECTORY | O_NOFOLLOW);
      if (directory !== root) await directory.close();
      directory = next;
    }
    return await work(directory, last);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR", "ELOOP", "EINVAL", "ENAMETOOLONG")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  } finally {
    if (directory !== root) await directory.close();
  }
}

function below(directory: FileHandle, part: string): Buffer {
  return Buffer.concat([Buffer.from(`/proc/self/fd/${directory.fd}/`), Buffer.from(part, "latin1")]);
}

async function directoriesIn(root: FileHandle): Promise<string[]> {
  const names: string[] = [];
  let count = 0;
  try {
    for await (const entry of await opendir(`/proc/self/fd/${root.fd}`, { encoding: "latin1" as "utf8" })) {
      count++;
      if (count > mostNames) {
        throw new StevedoreError("LIMIT_EXCEEDED", `the directory has more than ${mostNames} names`);
      }
      if (entry.isDirectory()) names.push(entry.name);
    }
  } catch (error) {
    throw ioError(error, "the directory cannot be read");
  }
  return names;
}
