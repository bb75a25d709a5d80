// How an image leaves the graph: by one rename into staging, so that at no time is there half an image.
import { rename } from "node:fs/promises";
import { isErrno, StevedoreError } from "../error.js";
import { syncFileSystem } from "./durable-file.js";
import { shortId } from "./id.js";
import { imageNotFound, imagePaths } from "./image.js";
import { ioError } from "./io-error.js";
import { withLock } from "./lock.js";
import { type StagingPlace, stagingPath } from "./staging.js";

/**
 * Takes an image by its full id out of the graph, a broken one too: durably, and whole.
 * @param children finds the ids of its children; they are not asked for if it is forced
 * @param destination where it lies then, on the graph's file system; by default a new path in staging
 * @returns that path: what lies there is the caller's
 * @throws `IMAGE_NOT_FOUND`; `IMAGE_IN_USE` naming the children, unless it is forced; `CANCELLED` before anything
 * was done
 */
export async function takeOutImage(
  place: StagingPlace,
  id: string,
  children: "forced" | (() => Promise<readonly string[]>),
  destination?: string | undefined,
  signal?: AbortSignal | undefined,
): Promise<string> {
  const { directory } = imagePaths(place.directory, id);
  try {
    const taken = await withLock(
      directory,
      async () => {
        if (children !== "forced") assertChildless(id, await children());
        const path = destination ?? (await stagingPath(place));
        await rename(directory, path);
        return path;
      },
      signal,
    );
    await syncFileSystem(place.directory);
    return taken;
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
