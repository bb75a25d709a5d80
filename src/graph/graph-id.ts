// The identity of a root: a UUID in `graph-id`, made by whoever asks first.
import { randomUUID } from "node:crypto";
import { link, readFile, unlink } from "node:fs/promises";
import { ioError, rootPath, syncDirectory, writeDurably } from "../disk/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";

const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Reads the graph-id of a root, which is made if there is none.
 * @throws `INTERNAL` for a file that does not hold a valid UUID, or a root that cannot be written
 */
export async function readOrMakeGraphId(root: string): Promise<string> {
  const path = rootPath(root, "graphId");
  try {
    const id = (await readIfAny(path)) ?? (await makeGraphId(root, path));
    if (isGraphId(id)) return id;
  } catch (error) {
    throw ioError(error, `${path} cannot be made`);
  }
  throw new StevedoreError(
    "INTERNAL",
    `${path} does not hold a valid UUID: if the root was copied in part, remove the file`,
  );
}

/** True for what a `graph-id` may hold, blanks around it taken off. */
export function isGraphId(text: string): boolean {
  return uuidPattern.test(text);
}

/** link(2) fails if the name is taken, so of several processes one decides and all read what it wrote, whole. */
async function makeGraphId(root: string, path: string): Promise<string> {
  const temporary = `${path}.${randomUUID()}`;
  try {
    await writeDurably(temporary, `${randomUUID()}\n`);
    await link(temporary, path).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw error;
    });
  } finally {
    await unlink(temporary);
  }
  await syncDirectory(root);
  return (await readIfAny(path)) ?? "";
}

async function readIfAny(path: string): Promise<string | undefined> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw error;
  }
}
