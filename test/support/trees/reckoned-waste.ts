// The waste of layers, reckoned apart from the product: by find over the layers and the trees that they stand for, and by
// the rule of dive over what `tar --list` says of each layer.
import { shell } from "../processes/shell.js";

/**
 * @param layers topmost first, without odd names
 * @param trees what the lowest layer, the lowest two … all of them stand for
 */
export async function reckonedByHand(layers: readonly string[], trees: readonly string[]) {
  let totalBytes = 0;
  for (const layer of layers) totalBytes += await bytesOf(layer);
  const seenBytes = await bytesOf(trees.at(-1) ?? "");

  const paths = new Map<string, number[]>();
  const note = (path: string, size: number) => paths.set(path, [...(paths.get(path) ?? []), size]);
  for (const [at, layer] of layers.toReversed().entries()) {
    const entries = (await listed(layer)).filter(({ path }) => !path.includes(".wh..wh."));
    for (const { path, size, isDirectory } of entries) {
      if (entries.some((other) => other.path.startsWith(`${path}/`))) continue;
      const [, above = "", name] = /^(.*\/)?\.wh\.([^/]+)$/.exec(path) ?? [];
      if (name === undefined) note(path, isDirectory ? 0 : size);
      else note(above + name, at === 0 ? 0 : await bytesOfDirectory(`${trees[at - 1]}/${above}${name}`));
    }
  }
  let [least, sum] = [0, 0];
  for (const sizes of paths.values()) {
    least += Math.min(...sizes);
    sum += sizes.reduce((total, size) => total + size, 0);
  }
  const efficiency = sum === 0 ? 1 : least / sum;
  return { totalBytes, seenBytes, wastedBytes: totalBytes - seenBytes, efficiency };
}

/** The bytes of the files of a tree, one of several names counted once, and none that deletes something. */
async function bytesOf(tree: string): Promise<number> {
  const line = `find . -name '.wh.*' -prune -o -type f -printf '%i %s\\n' | sort -u | awk '{ sum += $2 } END { print sum + 0 }'`;
  return Number((await shell(line, { cwd: tree })).toString());
}

/** The same of a directory; 0 for anything else. */
async function bytesOfDirectory(path: string): Promise<number> {
  const kind = (await shell(`[ -d '${path}' ] && [ ! -L '${path}' ] && echo directory || true`))
    .toString()
    .trim();
  return kind === "directory" ? bytesOf(path) : 0;
}

async function listed(layer: string) {
  const lines = (await shell("tar --sort=name -cf - . | tar -tv", { cwd: layer, locale: "C" })).toString();
  return lines
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [, letter, size, name = ""] = /^(.)\S+ +\S+ +(\S+) +\S+ \S+ (.*)$/.exec(line) ?? [];
      const shown =
        letter === "h" ? name.split(" link to ")[0] : letter === "l" ? name.split(" -> ")[0] : name;
      const path = (shown ?? "").replace(/^\.\/?/, "").replace(/\/$/, "");
      return { path, size: letter === "-" ? Number(size) : 0, isDirectory: letter === "d" };
    })
    .filter(({ path }) => path !== "");
}
