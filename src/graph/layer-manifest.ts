// Where an image keeps the manifest of its layer, and how one gets there. What is in it is not the graph's to know.
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { imageEntries, syncDirectory } from "../disk/index.js";

/** The path of an image's manifest, whether there is one or not. */
export function manifestPath(imageDirectory: string): string {
  return join(imageDirectory, imageEntries.manifest);
}

/**
 * Moves a manifest, written and fsynced on the same file system, to where it belongs, in place of a former one,
 * durably. One rename does not need the image's lock.
 * @throws the file system's `ENOENT` if the image is not there
 */
export async function placeManifest(imageDirectory: string, path: string): Promise<void> {
  await rename(path, manifestPath(imageDirectory));
  await syncDirectory(imageDirectory);
}
