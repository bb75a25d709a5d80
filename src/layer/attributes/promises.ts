// What an archive promises: the attributes that its entries must have on the disk once it is unpacked. They are noted
// as the entries go by.
import type { Ownership } from "../extraction-options.js";
import type { WalkedEntry } from "../tar/index.js";
import { createStatPromises, type StatPromise } from "./stat-promises.js";
import { createXattrPromises, type XattrPromise } from "./xattr-promises.js";

/** Where an entry lies in the layer. */
export interface PlacedEntry {
  /** Its canonical name, `""` for the layer's root. */
  readonly name: string;
  /** Of a hard link, the canonical name of its target. */
  readonly target: string;
  /** Whether tar gets it only at the end, and then perhaps not at all. */
  readonly isHeld: boolean;
}

/** The promises of one archive. */
export interface Promises {
  readonly ownership: Ownership;
  /** Notes what an entry promises, in place of what an earlier one of its name did. */
  take(walked: WalkedEntry, placed: PlacedEntry): void;
  /** Files that stand for all in what a file system can fail to keep. */
  stats(): Iterable<StatPromise>;
  /** Every path whose entry has extended attributes, with these. */
  xattrs(): Iterable<readonly [path: string, promised: readonly XattrPromise[]]>;
}

/** The promises of an archive of which nothing is known yet. */
export function createPromises(ownership: Ownership): Promises {
  const stats = createStatPromises(ownership);
  const xattrs = createXattrPromises(ownership);
  return {
    ownership,
    take(walked, placed) {
      stats.take(walked, placed);
      xattrs.take(walked, placed);
    },
    stats: stats.all,
    xattrs: xattrs.all,
  };
}
