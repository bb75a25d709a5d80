// What commands and API tell of a tree, and what find(1) tells of the same, as lines that can be compared.
import { type Entry, readSpelling } from "../../../src/contents/index.js";
import { shell } from "../processes/shell.js";

/** Lines of path, type, permissions, owner, bytes, time and target; of bytes, as latin1 strings. */
export async function foundEntries(root: string): Promise<string[]> {
  const format = String.raw`/%P\0%y %m %U:%G %s %T@\0%l\0`;
  const output = await shell(`find . -mindepth 1 -printf '${format}'`, { cwd: root, locale: "C" });
  const fields = output.toString("latin1").split("\0").slice(0, -1);
  const lines: string[] = [];
  for (let at = 0; at < fields.length; at += 3) {
    const [path = "", about = "", target = ""] = fields.slice(at, at + 3);
    const [type = "", mode = "", owner = "", size = "", time = ""] = about.split(" ");
    const [seconds = "", fraction = ""] = time.split(".");
    const mtime = `${seconds}.${fraction.slice(0, 9)}`;
    lines.push(
      [path, type, mode.padStart(4, "0"), owner, type === "f" ? size : "0", mtime, target].join(" "),
    );
  }
  return lines.sort();
}

const letters: Readonly<Record<Entry["type"], string>> = {
  ...{ file: "f", directory: "d", symlink: "l", character: "c", block: "b", fifo: "p", socket: "s" },
};

/** The same of entries. */
export function shownEntries(entries: readonly Entry[]): string[] {
  return entries.map(shownEntry).sort();
}

function shownEntry({ path, type, mode, uid, gid, size, mtime, target }: Entry): string {
  const [, whole = "", fraction = ""] = /^([^.]*?)(?:\.(\d+))?Z$/.exec(mtime) ?? [];
  const seconds = Date.parse(`${whole}Z`) / 1_000;
  return [
    readSpelling(path),
    letters[type],
    mode,
    `${uid}:${gid}`,
    size,
    `${seconds}.${fraction.padEnd(9, "0")}`,
    readSpelling(target ?? ""),
  ].join(" ");
}

/** A listing by `listTree` by its paths, without what two extractions of a tree may differ in: which names are one file. */
export function withoutLinks(lines: readonly string[]): Map<string, string> {
  return new Map(
    lines.map((line) => {
      const [path = ""] = /^"(?:[^"\\]|\\.)*"/.exec(line) ?? [];
      return [
        JSON.parse(path.replaceAll("\\x", "\\u00")) as string,
        line.replace(/ links=\d+ same="[^"]*"/, ""),
      ] as const;
    }),
  );
}
