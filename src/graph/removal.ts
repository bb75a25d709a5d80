// How an image leaves the graph: by one rename into staging, so that at no time is there half an image.
import { rename } from "node:fs/promises";
import { isErrno, StevedoreError } from "../error.js";
import { syncFileSystem } from "./durable-file.js";
import { shortId } from "./id.js";
import { imageNotFound, imagePaths } from "./image.js";
import { ioError } from "./io-error.js";
import { withLock } from "./lock.js";
import { removeTree, stagingPath } from "./staging.js";

/**
 * Removes an image by its full id, a broken one too. Its layer is gone when this resolves.
 * @param children finds the ids of its children; they are not asked for if it is forced
 * @throws `IMAGE_NOT_FOUND`; `IMAGE_IN_USE` naming the children, unless it is forced; `CANCELLED` before anything
 * was done
 */
export async function removeImage(
  graphDirectory: string,
  id: string,
  children: "forced" | (() => Promise<readonly string[]>),
  signal?: AbortSignal | undefined,
): Promise<void> {
  const { directory } = imagePaths(graphDirectory, id);
  try {
    const removed = await withLock(
      directory,
      async () => {
        if (children !== "forced") assertChildless(id, await children());
        const staged = await stagingPath(graphDirectory);
        await rename(directory, staged);
        return staged;
      },
      signal,
    );
    await syncFileSystem(graphDirectory);
    await removeTree(removed);
  } catch (error) {
    if (isErrno(error, "ENOENT")) throw imageNotFound(id);
    throw ioError(error, `the image ${id} cannot be deleted`);
  }
}

function assertChildless(id: string, children: readonly string[]): void {
  if (children.length === 0) return;
  const shown = children.slice(0, 10).map(shortId).join(", ");
  const more = children.length > 10 ? ` and ${children.length - 10} more` : "";
  throw new StevedoreError("IMAGE_IN_USE", `the image ${id} is the parent of ${shown}${more}`);
}
