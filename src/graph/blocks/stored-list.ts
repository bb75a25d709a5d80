// The list of the blocks of a checksum that is being stored: by it they are removed where the process that stores it is killed
// before it could.
import { writeFile } from "node:fs/promises";
import { readPlainFile, rootPath } from "../../disk/index.js";
import { removeFile } from "./directory.js";
import { isBlockName } from "./names.js";

/** Writes the list. Where that fails the blocks stay until they are old. */
export async function writeStoredList(path: string, names: Iterable<string>): Promise<void> {
  const content = [...names].join("\n");
  await writeFile(path, content, { flag: "wx", mode: 0o600 }).catch(() => undefined);
}

/** The blocks that a list names; undefined where there is no list. */
export function readStoredList(path: string): string[] | undefined {
  try {
    return readPlainFile(path)?.toString("latin1").split("\n").filter(isBlockName);
  } catch {
    return undefined;
  }
}

/** Removes the blocks that a list names, and the list. @param list its name in `blocks/` */
export function removeListed(root: string, list: string): void {
  const path = rootPath(root, "blocks", list);
  for (const name of readStoredList(path) ?? []) removeFile(rootPath(root, "blocks", name));
  removeFile(path);
}
