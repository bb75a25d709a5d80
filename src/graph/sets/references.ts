// What keeps an image besides its children: leases, and sets of images that are decided but not yet complete. Who adds to
// them, and who takes an image out of the graph, takes turns by one lock, that of `<root>/leases`.
//
// Locks are taken in this order: of the mounts, of the references, of the root, of an image.
//
// A name in capitals, here and in what adds and removes images, is that of a lock or a sync in test/model/sets.pml, which shows
// what would break without it.
import { mkdir } from "node:fs/promises";
import {
  ioError,
  readStamp,
  removeAbandoned,
  type StagingPlace,
  stagingDirectory,
  stagingPath,
  syncDirectory,
  withFreeLock,
  withLock,
} from "../../disk/index.js";
import { isErrno } from "../../terms/index.js";
import type { Names } from "../names/index.js";
import { type FoundJournal, findEnded, findJournals, finishEnded, readJournal } from "./journal.js";
import { type Locked, leasesDirectory, livingLeases, removeDeadLeases } from "./lease.js";
import { completeSet } from "./set-completion.js";

/** Something that needs images. */
export interface Holder {
  readonly purpose: string;
  readonly ids: readonly string[];
}

export interface References {
  /**
   * Runs work while no other process takes a lease, adds a set of images, names an image or takes one out. What dead
   * processes have decided is completed first. Work that asks for the lock again waits for ever.
   * @throws as `withLock`
   */
  readonly locked: Locked;
  /** What holds images now. Only under the lock it stays so. */
  holders(): Promise<Holder[]>;
  /**
   * Completes the sets of processes that died, if there are any. Costs one look at staging. Never throws: who may not
   * write, or finds the disk full, reads the graph as it is.
   */
  completeAbandoned(): Promise<void>;
}

/** @param names without a lock of the references */
export function openReferences(place: StagingPlace, names: Pick<Names, "set">): References {
  const leases = leasesDirectory(place);
  const staging = stagingDirectory(place);
  let nothingFoundAt: string | undefined;

  const makeLeases = () =>
    mkdir(leases, { mode: 0o700 }).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw ioError(error, `${leases} cannot be made`);
    });

  /** Under the lock nobody is about to complete a set: a journal that is there was left, whether its owner lives or not. */
  async function completeAll(): Promise<void> {
    await finishEnded(place);
    for (const { stage, status } of await findJournals(place)) {
      // Its host alone knows what it wrote last.
      if (status === "elsewhere") continue;
      try {
        await complete(stage);
      } catch {
        // The journal stays, and its images stay held.
      }
    }
  }

  async function complete(stage: string): Promise<void> {
    const journal = readJournal(stage);
    if (journal === undefined) return;
    // Who wrote it may have died before it was on the disk, and what is placed must not outlive it (SYNC_OF_FOUND_JOURNAL).
    await syncDirectory(staging);
    try {
      await completeSet(place.directory, stage, journal, names);
    } finally {
      if (readJournal(stage) === undefined) await removeAbandoned(stage, await stagingPath(place));
    }
  }

  async function completeThose(found: readonly FoundJournal[], hasEnded: boolean): Promise<void> {
    if (found.some(({ status }) => status === "gone")) {
      await makeLeases();
      await withLock(leases, completeAll);
    } else if (hasEnded || found.some(({ status }) => status === "unseen")) {
      // Somebody may be about to end a journal, or a container to complete its own: then the lock is not free.
      await makeLeases();
      await withFreeLock(leases, completeAll);
    }
  }

  return {
    async locked(work, signal) {
      await makeLeases();
      // LOCK_OF_REFERENCES
      return withLock(
        leases,
        async () => {
          // COMPLETION_FIRST
          await completeAll();
          await removeDeadLeases(place);
          return work();
        },
        signal,
      );
    },
    async holders() {
      const journals = await findJournals(place);
      const unfinished = journals.map(({ stage }) => ({
        purpose: "an import that is not complete",
        ids: readJournal(stage)?.holds ?? [],
      }));
      return [...(await livingLeases(place)), ...unfinished];
    },
    async completeAbandoned() {
      try {
        const stamp = readStamp(staging);
        if (stamp === undefined || stamp.text === nothingFoundAt) return;
        const found = await findJournals(place);
        const hasEnded = (await findEnded(place)).length > 0;
        if (found.length > 0 || hasEnded) await completeThose(found, hasEnded);
        else if (stamp.settled) nothingFoundAt = stamp.text;
      } catch {
        // The next one may be able to.
      }
    },
  };
}
