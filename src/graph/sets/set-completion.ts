// How a set of images that is decided comes into the graph: renamed into its place image by image, then named. Every step
// may have been done before, by a process that died; all is done under the lock of the references.
import { lstatSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { imageEntries, readPlainFile, syncFileSystem } from "../../disk/index.js";
import { isErrno, StevedoreError } from "../../terms/index.js";
import { readConfig } from "../derived/index.js";
import { imageExists, loadImage } from "../image.js";
import type { Names } from "../names/index.js";
import { imageTaken, renameNew } from "../register.js";
import { type Journal, type JournalImage, removeJournal } from "./journal.js";

/** What completing a set has done. */
export interface Completed {
  /** The images that were not in the graph before. */
  readonly added: readonly string[];
  /** What each name stood for that has moved. */
  readonly moved: ReadonlyMap<string, string>;
}

/**
 * Completes a set, and removes its journal last.
 * @throws `IMAGE_EXISTS` if another image has taken an id meanwhile, `IMAGE_BROKEN` if that is broken: then the set is
 * taken back, journal and all. After any other error the journal is still there.
 */
export async function completeSet(
  graphDirectory: string,
  stage: string,
  { images, names }: Journal,
  allNames: Pick<Names, "set">,
): Promise<Completed> {
  const added: string[] = [];
  for (const image of images) {
    try {
      if (await placeImage(graphDirectory, stage, image)) added.push(image.id);
    } catch (error) {
      if (!(error instanceof StevedoreError)) throw error;
      await takeBackSet(graphDirectory, stage, images);
      throw error;
    }
  }
  // SYNC_OF_SET
  await syncFileSystem(graphDirectory);
  const there: (readonly [string, string])[] = [];
  for (const name of names) if (await imageExists(graphDirectory, name[1])) there.push(name);
  const moved = there.length === 0 ? new Map() : await allNames.set(new Map(there));
  await removeJournal(stage);
  return { added, moved };
}

/** Moves the images of a set back to its stage, children first, and gives the set up. */
export async function takeBackSet(
  graphDirectory: string,
  stage: string,
  images: readonly JournalImage[],
): Promise<void> {
  for (const { id } of images.toReversed()) {
    const staged = join(stage, id);
    // What is in the stage is not in the graph, or is another's there.
    if (lstatSync(staged, { throwIfNoEntry: false }) !== undefined) continue;
    await rename(join(graphDirectory, id), staged).catch((error: unknown) => {
      if (!isErrno(error, "ENOENT")) throw error;
    });
  }
  await syncFileSystem(graphDirectory);
  await removeJournal(stage);
}

/**
 * True if the graph has this very image. Under an id that is derived from the layer, an older version kept another record.
 * @param documents the record, and the config of an image that has one
 * @throws `IMAGE_NOT_FOUND`; `IMAGE_BROKEN` for one that is not whole
 */
export function isPresent(
  graphDirectory: string,
  { id, isDerived }: JournalImage,
  { record, config }: { readonly record: Buffer; readonly config?: Buffer | undefined },
): boolean {
  const image = loadImage(graphDirectory, id);
  if (config !== undefined && readConfig(image)?.equals(config) !== true) return false;
  return isDerived || image.recordBytes.equals(record);
}

/** Renames one into its place; false if it was there. @throws `IMAGE_EXISTS`, `IMAGE_BROKEN` */
async function placeImage(graphDirectory: string, stage: string, image: JournalImage): Promise<boolean> {
  const staged = join(stage, image.id);
  try {
    await renameNew(staged, join(graphDirectory, image.id), image.id);
    return true;
  } catch (error) {
    // Done before.
    if (isErrno(error, "ENOENT")) return false;
    if (!(error instanceof StevedoreError && error.code === "IMAGE_EXISTS")) throw error;
    const record = readPlainFile(join(staged, imageEntries.record));
    const config = readConfig({ directory: staged, id: image.id });
    if (record !== undefined && isPresent(graphDirectory, image, { record, config })) return false;
    throw imageTaken(image.id, error);
  }
}
