// How an image enters the graph: made whole in staging, made durable, then renamed into its place.
import { chmod, mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  imageEntries,
  ioError,
  type StagingPlace,
  syncFileSystem,
  withLock,
  withStage,
} from "../disk/index.js";
import { isErrno, StevedoreError, throwIfAborted } from "../terms/index.js";
import { type ImageDocuments, layerImageId, layerImageRecord } from "./derived/index.js";
import { factsPath, formatLayerFacts, measureLayer, splitPath } from "./facts/index.js";
import { assertNoDescendant, parentNotFound } from "./history.js";
import { type Image, imageExists, imagePaths, loadImage } from "./image.js";
import { blobsPath, formatKnownBlobs, type KnownBlob } from "./layer-blobs.js";
import { type ImageRecord, parentOf, parseRecord } from "./record.js";

/** An image to be: its record's bytes, kept as they are, and the job that makes it. */
export interface NewImage {
  readonly record: Buffer;
  /** Kept beside the record. An image that has them adds no content: its layer must be empty. */
  readonly documents?: ImageDocuments | undefined;
  readonly jobId?: string | undefined;
}

/**
 * Writes the layer into an empty directory, and says what digest it came with. The signal says when that is no longer
 * needed: the work has been cancelled, or another layer of its set has failed.
 * @param splitPath where to write what the archive of the layer is made again by, if it came as one; `isLossless` says
 * whether that was done, and `blob` in which compressed form it came, whose digests were checked
 */
export type FillLayer = (
  layerDirectory: string,
  signal: AbortSignal | undefined,
  splitPath: string,
) => Promise<{
  readonly diffId?: string | undefined;
  readonly isLossless?: boolean | undefined;
  readonly blob?: KnownBlob | undefined;
}>;

/**
 * Adds an image. A crash or a power cut at any time leaves all of it in the graph or nothing, and of several
 * that add the same id at once one succeeds.
 * @param beforeCommit runs when the image is whole, right before it can be seen
 * @throws `INVALID_ID` and `IMAGE_BROKEN` for the record; `IMAGE_EXISTS`; `PARENT_NOT_FOUND`; `PARENT_CYCLE`;
 * `NO_SPACE`; `CANCELLED`; what `fill` throws. Nothing is left of an image that failed.
 */
export async function registerImage(
  place: StagingPlace,
  image: NewImage,
  fill: FillLayer,
  beforeCommit: (id: string) => Promise<void>,
  signal?: AbortSignal | undefined,
): Promise<Image> {
  const { directory: graphDirectory } = place;
  const record = parseRecord(image.record);
  await assertCanRegister(graphDirectory, record);
  throwIfAborted(signal);
  try {
    await withStage(place, async (stage) => {
      const { diffId } = await writeImage(stage, image, fill, signal);
      assertOwnRecord(image.record, diffId);
      // SYNC_OF_STAGE
      await syncFileSystem(stage, signal);
      await beforeCommit(record.id);
      await commit(stage, graphDirectory, record, signal);
    });
    // SYNC_OF_STORE
    await syncFileSystem(graphDirectory);
  } catch (error) {
    throw ioError(error, `the image ${record.id} cannot be stored`);
  }
  return loadImage(graphDirectory, record.id);
}

/** Refuses early what `commit` would refuse after the work is done. */
async function assertCanRegister(graphDirectory: string, record: ImageRecord): Promise<void> {
  const { id } = record;
  const parent = parentOf(record);
  if (await imageExists(graphDirectory, id)) throw imageTaken(id);
  if (parent === null) return;
  await assertNoDescendant(graphDirectory, id, parent);
  if (!(await imageExists(graphDirectory, parent))) throw parentNotFound(id, parent);
}

/**
 * Refuses a record of one's own under an id that follows from the layer: it stands for one record everywhere.
 * @throws `INVALID_ID`
 */
export function assertOwnRecord(bytes: Buffer, diffId: string | undefined): void {
  const record = parseRecord(bytes);
  const { id } = record;
  const parent = parentOf(record);
  if (diffId === undefined || layerImageId(parent, diffId) !== id) return;
  const expected = layerImageRecord(id, parent);
  if (bytes.equals(expected)) return;
  throw new StevedoreError("INVALID_ID", `the id ${id} is that of a layer, whose record is ${expected}`);
}

/** Writes an image into an empty directory. */
export async function writeImage(
  directory: string,
  { record, documents, jobId }: NewImage,
  fill: FillLayer,
  signal: AbortSignal | undefined,
): Promise<{ readonly diffId?: string | undefined }> {
  const layer = join(directory, imageEntries.layer);
  await mkdir(layer);
  // Not by mkdir's own mode, which the umask narrows.
  await chmod(layer, 0o755);
  const { diffId, isLossless, blob } = await fill(layer, signal, splitPath(directory));
  const facts = { ...(await measureLayer(layer, signal)), diffId, lossless: isLossless, jobId };
  await writeFile(join(directory, imageEntries.record), record, { mode: 0o600 });
  await writeFile(factsPath(directory), formatLayerFacts(facts), { mode: 0o600 });
  if (blob !== undefined) await writeFile(blobsPath(directory), formatKnownBlobs([blob]), { mode: 0o600 });
  if (documents !== undefined) await writeDocuments(directory, documents);
  return { diffId };
}

async function writeDocuments(directory: string, { config, manifest }: ImageDocuments): Promise<void> {
  await writeFile(join(directory, imageEntries.config), config, { mode: 0o600 });
  if (manifest === undefined) return;
  await writeFile(join(directory, imageEntries.imageManifest), manifest, { mode: 0o600 });
}

/** The rename that makes the image. Its parent is locked meanwhile, so that it is not deleted just then. */
async function commit(
  stage: string,
  graphDirectory: string,
  record: ImageRecord,
  signal: AbortSignal | undefined,
): Promise<void> {
  const parent = parentOf(record);
  const { directory } = imagePaths(graphDirectory, record.id);
  if (parent === null) return renameNew(stage, directory, record.id);
  let parentIsThere = false;
  try {
    // LOCK_OF_IMAGES
    await withLock(
      imagePaths(graphDirectory, parent).directory,
      async () => {
        parentIsThere = true;
        await renameNew(stage, directory, record.id);
      },
      signal,
    );
  } catch (error) {
    if (!parentIsThere && isErrno(error, "ENOENT")) throw parentNotFound(record.id, parent, error);
    throw error;
  }
}

/** rename(2) onto a directory that is not empty fails, which decides a race for an id. */
export async function renameNew(stage: string, directory: string, id: string): Promise<void> {
  try {
    await rename(stage, directory);
  } catch (error) {
    if (isErrno(error, "EEXIST", "ENOTEMPTY", "ENOTDIR")) throw imageTaken(id);
    throw error;
  }
}

/** The error for an id that another image has. */
export function imageTaken(id: string, cause?: unknown): StevedoreError {
  return new StevedoreError("IMAGE_EXISTS", `the image ${id} exists already`, { cause });
}
