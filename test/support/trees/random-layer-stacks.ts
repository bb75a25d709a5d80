// Random stacks of layers in the form of AUFS and OCI, and the tree that each stands for, made by bash and GNU tar.
import { lstatSync, type Stats } from "node:fs";
import { chmod, link, lutimes, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { shell } from "../processes/shell.js";

/** What a layer may be told to hold, and where. What does not fit what is there already is left out. */
export interface LayerItem {
  readonly kind: "file" | "directory" | "symlink" | "link" | "whiteout" | "opaque" | "aufs";
  readonly names: readonly string[];
}

/** The names that paths are made of. */
const stackNames = ["a", "b", "-c", ".d", "a-e"];

const names = fc.array(fc.constantFrom(...stackNames), { minLength: 1, maxLength: 3 });
const kind = fc.constantFrom<LayerItem["kind"]>(
  ...(["file", "file", "file", "directory", "directory", "symlink", "link"] as const),
  ...(["whiteout", "whiteout", "whiteout", "opaque", "opaque", "aufs"] as const),
);
const layer = fc.array(fc.record({ kind, names }), { maxLength: 14 });

/** The items of one to four layers, topmost first. */
export const randomStacks = fc.array(layer, { minLength: 1, maxLength: 4 });

/** All paths of up to three of the names. */
export function candidatePaths(): string[] {
  const longer = (paths: string[]) => paths.flatMap((path) => stackNames.map((name) => `${path}/${name}`));
  return [...stackNames, ...longer(stackNames), ...longer(longer(stackNames))];
}

/** Writes the layers as directories `0`, `1` … of an empty one, no two files or times of them alike. */
export async function writeStack(
  directory: string,
  layers: readonly (readonly LayerItem[])[],
): Promise<string[]> {
  const roots = layers.map((_, number) => join(directory, `${number}`));
  for (const [number, items] of layers.entries()) {
    const root = join(directory, `${number}`);
    await mkdir(root);
    const files: string[] = [];
    for (const [index, item] of items.entries()) await writeItem(root, item, `${number}.${index}`, files);
    await setTimes(root, 1_400_000_000 + number * 1_000);
  }
  return roots;
}

async function writeItem(root: string, item: LayerItem, content: string, files: string[]): Promise<void> {
  const { kind, names } = item;
  const isInside = kind === "directory" || kind === "opaque";
  let directory = root;
  for (const name of isInside ? names : names.slice(0, -1)) {
    directory = join(directory, name);
    const found = statOf(directory);
    if (found !== undefined && !found.isDirectory()) return;
    if (found === undefined) await mkdir(directory);
  }
  const name = names.at(-1) ?? "";
  const path = join(directory, name);
  if (kind === "directory") await chmod(directory, 0o700 + content.length);
  else if (kind === "opaque") await writeFile(join(directory, ".wh..wh..opq"), "");
  else if (kind === "whiteout") await writeFile(join(directory, `.wh.${name}`), "");
  else if (kind === "aufs") await mkdir(join(directory, ".wh..wh.plnk", name), { recursive: true });
  else if (statOf(path) !== undefined) return;
  else if (kind === "symlink") await symlink("a", path);
  else if (kind === "link" && files[0] !== undefined) await link(files[0], path);
  else {
    await writeFile(path, content);
    files.push(path);
  }
}

function statOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

/** Gives everything in a tree a time of its own, the directories after what they hold. */
async function setTimes(directory: string, from: number): Promise<number> {
  let time = from;
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) time = await setTimes(path, time);
    else await lutimes(path, time, ++time);
  }
  await lutimes(directory, time, ++time);
  return time;
}

/**
 * Writes the tree that layers stand for into an empty directory: from the bottom up, each deletes what it hides and is
 * then unpacked over what is left.
 * @param layers topmost first, without odd names in their paths
 */
export async function mergeStack(layers: readonly string[], target: string): Promise<void> {
  const calls = layers.toReversed().map((path) => `apply '${path}'`);
  await shell(["set -eu", "target=$PWD", applyOne, ...calls].join("\n"), { cwd: target, locale: "C" });
}

const applyOne = String.raw`
apply() {
  cd "$1"
  # A directory takes the place of what is none, and the other way round; from the top down, so that no path of the
  # layer leads through a symbolic link of the tree afterwards.
  find . -mindepth 1 -name '.wh.*' -prune -o -printf '%y\0%p\0' |
  while IFS= read -rd '' type && IFS= read -rd '' path; do
    there="$target/$path"
    if [ -L "$there" ] || { [ -e "$there" ] && [ ! -d "$there" ]; }; then rm -- "$there"
    elif [ -d "$there" ] && [ "$type" != d ]; then rm -r -- "$there"; fi
  done
  find . -name '.wh..wh..opq' -printf '%h\0' | while IFS= read -rd '' directory; do
    if [ -d "$target/$directory" ]; then find "$target/$directory" -mindepth 1 -delete; fi
  done
  find . -name '.wh..wh.*' -prune -o -name '.wh.?*' -print0 | sed -z 's|/\.wh\.\([^/]*\)$|/\1|' |
    (cd "$target"; xargs -0 -r rm -rf --)
  # A directory has the attributes of the topmost layer only; user.k is the one that is set in such layers.
  find . -type d -print0 | (cd "$target"; xargs -0 setfattr -x user.k -- 2> /dev/null || true)
  tar --exclude='.wh.*' --format=posix --xattrs --xattrs-include='*' -cf - . |
    tar --numeric-owner -xpf - --delay-directory-restore --xattrs --xattrs-include='*' -C "$target"
}
`;

/** True if something is at a path of a tree, a symbolic link to nowhere too, and none is on the way to it. */
export function isAt(root: string, path: string): boolean {
  let at = root;
  for (const name of path.split("/")) {
    if (!statOf(at)?.isDirectory()) return false;
    at = join(at, name);
  }
  return statOf(at) !== undefined;
}
