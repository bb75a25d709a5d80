// Where repairs move things to: `<root>/lost+found/<time>-<random>/`, each under the path it had. Nothing is deleted.
import { randomBytes } from "node:crypto";
import { link, mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { makeDirectory, rootEntries, rootPath, syncFileSystem } from "../disk/index.js";
import { joinPath, parentPath, readablePath } from "../layer/index.js";
import { isErrno, StevedoreError } from "../terms/index.js";
import { isDirectory, isThere } from "./probe.js";

/** One run's place among what was lost. Paths are relative to the root, latin1 strings of their bytes. */
export interface LostAndFound {
  /** Moves something there and says so; undefined if it is not there any more. */
  take(path: string): Promise<string | undefined>;
  /** Leaves a file where it is, with a further name there. */
  keepCopy(path: string): Promise<string>;
  /** Makes all moves durable. */
  close(): Promise<void>;
}

/** Nothing is made before something is to be moved. */
export function openLostAndFound(root: string): LostAndFound {
  const time = new Date()
    .toISOString()
    .replaceAll(/:|\.\d+/g, "-")
    .replace("-Z", "Z");
  const own = join(rootEntries.lostAndFound.at, `${time}-${randomBytes(4).toString("hex")}`);
  const from = Buffer.from(root);
  const lostAndFound = rootPath(root, "lostAndFound");
  let isUsed = false;

  /** A free name for something, its directory made. */
  async function placeFor(path: string): Promise<Buffer> {
    await mkdir(lostAndFound, { mode: 0o700 }).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw error;
    });
    // Through a link things would leave the root.
    if (!isDirectory(lostAndFound))
      throw new StevedoreError("INTERNAL", `${lostAndFound} is not a directory`);
    isUsed = true;
    const directory = joinPath(from, parentPath(`${own}/${path}`));
    makeDirectory(directory, 0o700);
    for (let number = 0; ; number += 1) {
      const place = joinPath(from, `${own}/${path}${number === 0 ? "" : `~${number}`}`);
      if (!isThere(place)) return place;
    }
  }

  return {
    async take(path) {
      const source = joinPath(from, path);
      if (!isThere(source)) return undefined;
      const place = await placeFor(path);
      try {
        await rename(source, place);
      } catch (error) {
        // Another was faster.
        if (isErrno(error, "ENOENT")) return undefined;
        throw error;
      }
      return `moved to ${readablePath(place.toString("latin1"))}`;
    },
    async keepCopy(path) {
      const place = await placeFor(path);
      await link(joinPath(from, path), place);
      // Before its first name is another file's.
      await syncFileSystem(root);
      return readablePath(place.toString("latin1"));
    },
    async close() {
      if (isUsed) await syncFileSystem(root);
    },
  };
}
