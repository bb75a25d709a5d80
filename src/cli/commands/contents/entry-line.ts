// The line of an entry, as `ls -l` writes it.
import type { Entry } from "../../../contents/index.js";

const typeLetters = {
  ...{ file: "-", directory: "d", symlink: "l", character: "c", block: "b", fifo: "p", socket: "s" },
} as const satisfies Record<Entry["type"], string>;

/** As `docker diff` writes them. */
export const changeLetters = { modify: "C", add: "A", delete: "D" } as const;

/** @param isOfLayer whether what the layer does stands in front @param name what stands for the entry */
export function entryLine(entry: Entry, isOfLayer: boolean, name: string): string {
  const { kind, uid, gid, size, device, mtime, target } = entry;
  return [
    ...(isOfLayer ? [kind === null ? " " : changeLetters[kind]] : []),
    modeText(entry),
    `${uid}:${gid}`.padEnd(9),
    (device?.replace(":", ", ") ?? String(size)).padStart(10),
    mtime
      .replace("T", " ")
      .replace(/(\.\d+)?Z$/, "")
      .padEnd(19),
    target === null ? name : `${name} -> ${target}`,
  ].join(" ");
}

/** `drwxr-sr-t`, as POSIX has it. */
function modeText({ type, mode }: Entry): string {
  const bits = Number.parseInt(mode, 8);
  const rights = [6, 3, 0].map((shift, at) => {
    const [isRead, isWritten, isRun] = [4, 2, 1].map((bit) => ((bits >> shift) & bit) !== 0);
    const isSpecial = (bits & (0o4000 >> at)) !== 0;
    const letter = at === 2 ? "t" : "s";
    const run = isSpecial ? (isRun ? letter : letter.toUpperCase()) : isRun ? "x" : "-";
    return `${isRead ? "r" : "-"}${isWritten ? "w" : "-"}${run}`;
  });
  return typeLetters[type] + rights.join("");
}
