// Where the entries of an archive lie in the layer. It follows the directories and symlinks that the archive itself
// makes, so that no entry is written through a link that leads out, and knows which directories nobody named.
import { StevedoreError } from "../error.js";
import { quoteName } from "./tar-header.js";

/** What an entry makes. Names and targets are latin1 strings, one character per byte. */
export type LayerEntry =
  | { readonly kind: "directory" | "file" | "device" | "fifo"; readonly name: string }
  | { readonly kind: "symlink" | "hardlink"; readonly name: string; readonly target: string };

/** The directories and symlinks of a layer as its archive builds it. Files are checked and forgotten. */
export interface LayerPaths {
  /**
   * Checks an entry and takes it in.
   * @throws `UNSAFE_ENTRY` for a name that is absolute, holds `..` or leads through a symlink that may leave the
   * layer; the same for a hard link's target. A symlink's own target may be anything. `LIMIT_EXCEEDED` for a name
   * or target longer than Linux takes.
   */
  add(entry: LayerEntry): void;
  /** How many directories exist only because an entry lies in them, the root not counted. */
  readonly impliedCount: number;
  /** These directories, as latin1 strings relative to the root; `""` is the root, if no entry named it. */
  impliedDirectories(): string[];
}

/** The longest path Linux takes, in bytes, without the NUL at its end (PATH_MAX). */
const longestPath = 4095;

/** Linux follows 40 symlinks in one path and then says ELOOP. */
const mostSymlinks = 40;

interface Directory {
  readonly kind: "directory";
  /** Its directories and symlinks; most directories have none, and there may be very many. */
  children: Map<string, Directory | Symlink> | undefined;
  /** False as long as only entries below it were seen. */
  named: boolean;
}

interface Symlink {
  readonly kind: "symlink";
  readonly target: string;
}

/** An empty layer. */
export function createLayerPaths(): LayerPaths {
  const root: Directory = { kind: "directory", children: undefined, named: false };
  let implied = 0;

  /**
   * The directory that `parts` lead to. Missing ones are made, as tar makes them; a symlink is followed if its
   * target is relative and free of `..`. Others lead out, or may: GNU tar itself creates those links only after
   * everything else, so nothing could be written through them anyway.
   */
  function enter(parts: readonly string[], name: string): Directory {
    let directory = root;
    const todo = [...parts].reverse();
    let followed = 0;
    for (let part = todo.pop(); part !== undefined; part = todo.pop()) {
      const child = directory.children?.get(part);
      if (child?.kind === "symlink") {
        if (mayLeave(child.target)) throw throughSymlink(name, part, child.target);
        if (++followed > mostSymlinks) {
          throw unsafe(`${quoteName(name)} leads through more than ${mostSymlinks} symlinks`);
        }
        todo.push(...split(child.target).reverse());
      } else if (child === undefined) {
        directory = addDirectory(directory, part, false);
        implied++;
      } else {
        directory = child;
      }
    }
    return directory;
  }

  /** Makes room for something that is no directory: as tar does, in the place of an empty directory too. */
  function clear(directory: Directory, part: string, name: string): void {
    const child = directory.children?.get(part);
    if (child?.kind === "directory") {
      if (child.children !== undefined && child.children.size > 0) {
        const reason = "would replace a directory that is not empty";
        throw new StevedoreError("BAD_ARCHIVE", `${quoteName(name)} ${reason}`);
      }
      if (!child.named) implied--;
    }
    directory.children?.delete(part);
  }

  /** The directory or symlink with this name; a file is not known. */
  function find(parts: readonly string[], name: string): Directory | Symlink | undefined {
    const last = parts.at(-1);
    return last === undefined ? root : enter(parts.slice(0, -1), name).children?.get(last);
  }

  function nameDirectory(parent: Directory, part: string): void {
    const child = parent.children?.get(part);
    // tar puts a real directory in the place of a symlink, even of one that points to a directory.
    if (child?.kind === "directory") setNamed(child);
    else addDirectory(parent, part, true);
  }

  function setNamed(directory: Directory): void {
    if (!directory.named && directory !== root) implied--;
    directory.named = true;
  }

  return {
    add(entry) {
      const parts = checkName(entry.name, entry.name);
      const targetParts = entry.kind === "hardlink" ? checkName(entry.target, entry.name) : [];
      if (entry.kind === "symlink" && entry.target.length > longestPath) {
        throw tooLong(`the target of ${quoteName(entry.name)}`);
      }
      // "link/." is the directory that the link leads to, and "." is the root.
      const endsInDot = /(^|\/)\.\/*$/.test(entry.name);
      if (entry.kind === "directory" && endsInDot) return setNamed(enter(parts, entry.name));

      const last = parts.pop();
      if (last === undefined) throw unsafe(`${quoteName(entry.name)} would replace the layer's root`);
      const parent = enter(parts, entry.name);
      if (entry.kind === "directory") return nameDirectory(parent, last);

      const target = entry.kind === "hardlink" ? find(targetParts, entry.name) : undefined;
      if (target?.kind === "directory") throw unsafe(`${quoteName(entry.name)} is a link to a directory`);
      clear(parent, last, entry.name);
      if (entry.kind === "symlink") addChild(parent, last, { kind: "symlink", target: entry.target });
      // A hard link to a symlink is that symlink under another name.
      if (target?.kind === "symlink") addChild(parent, last, target);
    },
    get impliedCount() {
      return implied;
    },
    impliedDirectories: () => listImplied(root),
  };
}

/** The components of a name that is safe by itself, without empty ones and `.`. */
function checkName(path: string, entryName: string): string[] {
  if (path.length > longestPath) throw tooLong(subject(path, entryName));
  if (path.startsWith("/")) throw unsafe(`${subject(path, entryName)} is an absolute path`);
  if (hasDotDot(path)) throw unsafe(`${subject(path, entryName)} holds ".."`);
  return split(path);
}

/** The name, or the target of a hard link with that name. */
function subject(path: string, entryName: string): string {
  if (path === entryName) return quoteName(path);
  return `${quoteName(entryName)} is a hard link to ${quoteName(path)}, which`;
}

function split(path: string): string[] {
  return path.split("/").filter((part) => part !== "" && part !== ".");
}

function hasDotDot(path: string): boolean {
  return path.includes("..") && path.split("/").includes("..");
}

function mayLeave(target: string): boolean {
  return target.startsWith("/") || hasDotDot(target);
}

function throughSymlink(name: string, link: string, target: string): StevedoreError {
  const reason = 'only symlinks to a relative path without ".." are followed';
  return unsafe(
    `${quoteName(name)} leads through the symlink ${quoteName(link)} to ${quoteName(target)}: ${reason}`,
  );
}

function tooLong(what: string): StevedoreError {
  return new StevedoreError("LIMIT_EXCEEDED", `${what} is longer than the ${longestPath} bytes Linux takes`);
}

function unsafe(message: string): StevedoreError {
  return new StevedoreError("UNSAFE_ENTRY", message);
}

function addDirectory(parent: Directory, part: string, named: boolean): Directory {
  const directory: Directory = { kind: "directory", children: undefined, named };
  addChild(parent, part, directory);
  return directory;
}

function addChild(parent: Directory, part: string, child: Directory | Symlink): void {
  parent.children ??= new Map();
  parent.children.set(part, child);
}

/** Without recursion, for an archive decides how deep this goes. */
function listImplied(root: Directory): string[] {
  const paths: string[] = [];
  const todo: [Directory, path: string][] = [[root, ""]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [directory, path] = next;
    if (!directory.named) paths.push(path);
    for (const [name, child] of directory.children ?? []) {
      if (child.kind === "directory") todo.push([child, path === "" ? name : `${path}/${name}`]);
    }
  }
  return paths;
}
