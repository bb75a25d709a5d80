// How several images enter the graph at once: all of them or none, even through a crash. They are made in one stage, synced
// together, then decided by a journal. Whoever finds a journal completes its set.
import { lstatSync } from "node:fs";
import { mkdir, rmdir } from "node:fs/promises";
import { join } from "node:path";
import {
  forEachConcurrent,
  ioError,
  removeTree,
  type StagingPlace,
  stagingPath,
  syncDirectory,
  syncFileSystem,
} from "../../disk/index.js";
import { parseImageName, StevedoreError, throwIfAborted } from "../../terms/index.js";
import { assertNoDescendant, parentNotFound } from "../history.js";
import { imageExists, imageNotFound } from "../image.js";
import type { Names } from "../names/index.js";
import { parentOf, parseRecord } from "../record.js";
import { assertOwnRecord, type FillLayer, imageTaken, type NewImage, writeImage } from "../register.js";
import { journalPath, writeJournal } from "./journal.js";
import { type HeldLease, type Locked, withLease } from "./lease.js";
import { completeSet, isPresent, takeBackSet } from "./set-completion.js";

/** One of a set of images to be. */
export interface ImageToAdd extends NewImage {
  /** Not called for an image that is there. */
  readonly fill: FillLayer;
  /**
   * True where the id is derived from the parent and the layer: one of that id that is there is the same. Otherwise the
   * same is one that has the same record and the same config, byte for byte.
   */
  readonly isDerived: boolean;
  /** Refuses one that is there by the time all is decided, be it the same. Default false. */
  readonly mustBeNew?: boolean | undefined;
}

export interface RegisterAllOptions {
  /** Names to be given, with the ids of images of the set or of the graph. */
  readonly names?: ReadonlyMap<string, string> | undefined;
  /** How many layers are filled side by side. */
  readonly concurrency: number;
  /** Named to who wants one of them deleted meanwhile. Default: an import. */
  readonly purpose?: string | undefined;
}

/** What became of a set. */
export interface RegisteredSet {
  /** The ids of those that were not in the graph before, in the order in which they were given. */
  readonly added: readonly string[];
  /** The ids of the others. */
  readonly present: readonly string[];
  /** What each name stood for that has moved. */
  readonly moved: ReadonlyMap<string, string>;
}

/** What a set needs of the graph. */
interface RegisterAllPlace {
  readonly place: StagingPlace;
  readonly locked: Locked;
  /** Without a lock of the references. */
  readonly names: Pick<Names, "set" | "all">;
  /** Runs for each image when it is whole, before it can be seen. */
  readonly beforeCommit: (id: string) => Promise<void>;
}

/** An image of the set whose record was read. */
interface Member extends ImageToAdd {
  readonly id: string;
  readonly parent: string | null;
}

/**
 * Adds images, parents before their children, and gives names: all or none. Nobody can delete what they rely on
 * meanwhile. Of several that add the same images at once all succeed.
 * @throws as `registerImage` for any of the images; `IMAGE_EXISTS` for one that is there and not the same, or must be new, or
 * is given twice;
 * `IMAGE_BROKEN` for one that is there, not whole; `IMAGE_NOT_FOUND` for a name's; as `Names.set`; `INTERNAL` if this
 * process was suspended for so long that its lease has run out. Of several errors the first. Nothing is left of a set that
 * failed, unless the disk failed when all was decided: then it is completed later.
 */
export async function registerAllImages(
  { place, locked, names, beforeCommit }: RegisterAllPlace,
  images: readonly ImageToAdd[],
  { names: given = new Map(), concurrency, purpose }: RegisterAllOptions,
  signal?: AbortSignal | undefined,
): Promise<RegisteredSet> {
  const members = readMembers(images);
  for (const name of given.keys()) parseImageName(name);
  const holds = [...new Set([...members.flatMap(relatedIds), ...given.values()])];

  const add = async (lease: HeldLease): Promise<RegisteredSet> => {
    const missing = await missingOf(place.directory, members);
    await assertCanRegister(place.directory, missing, members, given);
    // Before it is too late to refuse: the file of the names may be damaged.
    if (given.size > 0) await names.all();
    if (missing.length === 0) return locked(() => nameThem(lease), signal);
    const stage = await stagingPath(place);
    try {
      await mkdir(stage, { mode: 0o700 });
      await fillAll(stage, missing, concurrency, signal);
      // SYNC_OF_STAGE
      await syncFileSystem(stage, signal);
      for (const { id } of missing) await beforeCommit(id);
      return await locked(() => commit(lease, stage, missing), signal);
    } catch (error) {
      if (!isDecided(stage)) await removeTree(stage).catch(() => undefined);
      throw error;
    }
  };

  /** Gives the names, where the graph has all images already. Under the lock. */
  const nameThem = async (lease: HeldLease): Promise<RegisteredSet> => {
    await lease.assertHeld();
    // Who has placed them may not have synced them yet, and who asks relies on them (SYNC_OF_PRESENT).
    await syncDirectory(place.directory);
    const moved = given.size === 0 ? new Map() : await names.set(given);
    return { added: [], present: members.map(({ id }) => id), moved };
  };

  /** Under the lock. */
  const commit = async (
    lease: HeldLease,
    stage: string,
    filled: readonly Member[],
  ): Promise<RegisteredSet> => {
    // LOOK_AT_LEASE
    await lease.assertHeld();
    throwIfAborted(signal);
    // Another may have added some meanwhile. A rename fails for one that comes after this look.
    const toPlace = await missingOf(place.directory, filled);
    const journal = {
      images: toPlace.map(({ id, isDerived }) => ({ id, isDerived })),
      names: [...given],
      holds,
    };
    await writeJournal(stage, journal);
    try {
      const { added, moved } = await completeSet(place.directory, stage, journal, names);
      const isNew = new Set(added);
      return { added, present: members.map(({ id }) => id).filter((id) => !isNew.has(id)), moved };
    } catch (error) {
      // A set whose names are refused for good could never be completed.
      const isRefused = error instanceof StevedoreError && !["NO_SPACE", "INTERNAL"].includes(error.code);
      if (isRefused && isDecided(stage)) await takeBackSet(place.directory, stage, journal.images);
      throw error;
    } finally {
      if (!isDecided(stage)) await removeStage(stage);
    }
  };

  throwIfAborted(signal);
  try {
    return await withLease(
      place,
      locked,
      { purpose: purpose ?? purposeOf(members), ids: holds },
      add,
      signal,
    );
  } catch (error) {
    throw ioError(error, `${members.length} images cannot be stored`);
  }
}

/** @throws as `parseRecord`; `IMAGE_EXISTS` for an id that two have */
function readMembers(images: readonly ImageToAdd[]): Member[] {
  const seen = new Set<string>();
  return images.map((image) => {
    const record = parseRecord(image.record);
    if (seen.has(record.id)) {
      throw new StevedoreError("IMAGE_EXISTS", `the image ${record.id} is there twice in one set`);
    }
    seen.add(record.id);
    return { ...image, id: record.id, parent: parentOf(record) };
  });
}

function relatedIds({ id, parent }: Member): string[] {
  return parent === null ? [id] : [id, parent];
}

function purposeOf(members: readonly Member[]): string {
  const jobId = members.find((member) => member.jobId !== undefined)?.jobId;
  return jobId === undefined ? "an import" : `the import of job ${jobId}`;
}

/** Those that the graph does not have. @throws `IMAGE_EXISTS` if it has another of that id, `IMAGE_BROKEN` */
async function missingOf(graphDirectory: string, members: readonly Member[]): Promise<Member[]> {
  const missing: Member[] = [];
  for (const member of members) {
    if (!(await imageExists(graphDirectory, member.id))) missing.push(member);
    else if (member.mustBeNew || !isPresent(graphDirectory, member, presence(member)))
      throw imageTaken(member.id);
  }
  return missing;
}

function presence({ record, documents }: Member) {
  return { record, config: documents?.config };
}

/** Refuses a set whose images would lack a parent or be their own ancestors, and names of images that there are not. */
async function assertCanRegister(
  graphDirectory: string,
  missing: readonly Member[],
  members: readonly Member[],
  names: ReadonlyMap<string, string>,
): Promise<void> {
  const toCome = new Map(missing.map(({ id, parent }) => [id, parent]));
  const before = new Set<string>();
  for (const { id, parent } of missing) {
    if (parent !== null && !before.has(parent)) {
      await assertNoDescendant(graphDirectory, id, parent, toCome);
      if (!(await imageExists(graphDirectory, parent))) throw parentNotFound(id, parent);
    }
    before.add(id);
  }
  const ids = new Set(members.map(({ id }) => id));
  for (const id of names.values()) {
    if (!ids.has(id) && !(await imageExists(graphDirectory, id))) throw imageNotFound(id);
  }
}

/** Makes the images, several at a time. The first error stops the others, and is thrown when they have stopped. */
async function fillAll(
  stage: string,
  members: readonly Member[],
  concurrency: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const make = async (member: Member, either: AbortSignal) => {
    const directory = join(stage, member.id);
    await mkdir(directory, { mode: 0o700 });
    const { diffId } = await writeImage(directory, member, member.fill, either);
    if (member.mustBeNew) assertOwnRecord(member.record, diffId);
  };
  await forEachConcurrent(members, concurrency, make, signal);
}

function isDecided(stage: string): boolean {
  return lstatSync(journalPath(stage), { throwIfNoEntry: false }) !== undefined;
}

/** What another added meanwhile is still in it. */
async function removeStage(stage: string): Promise<void> {
  await rmdir(stage)
    .catch(() => removeTree(stage))
    .catch(() => undefined);
}
