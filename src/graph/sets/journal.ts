// The journal of a set of images: written durably once all of them are, it decides that they come into the graph. From
// then on whoever finds it can bring that to its end.
import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  ioError,
  type OwnerStatus,
  ownerOf,
  ownerStatus,
  readPlainFile,
  removeAbandoned,
  type StagingPlace,
  stagingDirectory,
  stagingNames,
  stagingPath,
  syncDirectory,
  writeDurably,
} from "../../disk/index.js";
import { isErrno, isId } from "../../terms/index.js";

const journalSuffix = ".journal";
/** Of what a journal is called while its end is not on the disk yet. It keeps its stage, as a journal does. */
const endedSuffix = ".ended";

export interface Journal {
  /** What lies in the stage under its id, parents before their children. */
  readonly images: readonly JournalImage[];
  /** The names that images are to have, with their ids. */
  readonly names: readonly (readonly [name: string, id: string])[];
  /** All images that the set is made of or relies on. */
  readonly holds: readonly string[];
}

export interface JournalImage {
  readonly id: string;
  /** As in `ImageToAdd`. */
  readonly isDerived: boolean;
}

/** A journal in staging, and what became of the process that wrote it. */
export interface FoundJournal {
  readonly stage: string;
  readonly status: OwnerStatus;
}

/**
 * Where the journal of a set lies, from when the set is decided until all of it is in the graph: beside its stage, for
 * within a stage there may be files of any name that came with a layer. Staging that has it beside it is not abandoned.
 */
export function journalPath(stage: string): string {
  return `${stage}${journalSuffix}`;
}

/** Writes the journal of a stage. A crash leaves all of it or nothing. */
export async function writeJournal(stage: string, journal: Journal): Promise<void> {
  // No id can be called so.
  const temporary = join(stage, ":journal:");
  // SYNC_OF_JOURNALS_CONTENT
  await writeDurably(temporary, JSON.stringify(journal));
  await rename(temporary, journalPath(stage));
  // SYNC_OF_JOURNAL
  await syncDirectory(dirname(stage));
}

/**
 * Removes the journal of a stage, durably: if it came back after a power cut, its images would be placed and its names given
 * once more. Under the lock of the references. Whoever dies here leaves a file by which the next one knows of it.
 */
export async function removeJournal(stage: string): Promise<void> {
  const ended = `${stage}${endedSuffix}`;
  await rename(journalPath(stage), ended).catch((error: unknown) => {
    if (!isErrno(error, "ENOENT")) throw error;
  });
  // SYNC_OF_JOURNALS_END
  await syncDirectory(dirname(stage));
  await rm(ended, { force: true });
}

/** The stages whose journals have ended by removers that died before that was on the disk for sure. */
export async function findEnded(place: StagingPlace): Promise<string[]> {
  const names = (await stagingNames(place)).filter((name) => name.endsWith(endedSuffix));
  return names.map((name) => join(stagingDirectory(place), name.slice(0, -endedSuffix.length)));
}

/**
 * Makes that durable, before anybody relies on the absence of these journals, and removes the stages. Under the lock of the
 * references.
 */
export async function finishEnded(place: StagingPlace): Promise<void> {
  const stages = await findEnded(place);
  if (stages.length === 0) return;
  // SYNC_OF_FOUND_END
  await syncDirectory(stagingDirectory(place));
  for (const stage of stages) {
    await rm(`${stage}${endedSuffix}`, { force: true });
    await removeAbandoned(stage, await stagingPath(place));
  }
}

/** Reads the journal of a stage; undefined if there is none. @throws `INTERNAL` if it is damaged */
export function readJournal(stage: string): Journal | undefined {
  const path = journalPath(stage);
  try {
    const { images, names, holds } = JSON.parse(`${readPlainFile(path)}`) as Journal;
    if (![...images.map(({ id }) => id), ...names.map(([, id]) => id), ...holds].every(isId)) {
      throw new SyntaxError("it names an id that is not valid");
    }
    return { images, names, holds };
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw ioError(error, `the journal ${path} cannot be read`);
  }
}

/** The journals in staging. */
export async function findJournals(place: StagingPlace): Promise<FoundJournal[]> {
  const found: FoundJournal[] = [];
  for (const name of await stagingNames(place)) {
    const stage = name.endsWith(journalSuffix) ? name.slice(0, -journalSuffix.length) : undefined;
    const owner = stage === undefined ? undefined : ownerOf(stage);
    if (stage === undefined || owner === undefined) continue;
    found.push({ stage: join(stagingDirectory(place), stage), status: await ownerStatus(owner, place.host) });
  }
  return found;
}
