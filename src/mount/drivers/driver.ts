// What a driver is: one way to show a stack of layers as one directory.
//
// A driver is asked first what keeps it from working here (`obstacle`), then to `mount` an order, and nothing else:
// the order's folder, its links and its upper are made by whoever asks, and every driver's mount ends by umount(2) or,
// where it has no mount (`copy`), by removing what was written.

import type { DeletionForm } from "../../layer/index.js";
import type { MountDriverName, StevedoreError } from "../../terms/index.js";

/** What to mount. */
export interface MountOrder {
  /** What the mount is called in the mount table. */
  readonly source: string;
  /** An existing, empty directory. */
  readonly target: string;
  /**
   * The directory that the driver works in: its links `0`, `1`, `2` … lead to the lowers, topmost first. So the options
   * hold neither long paths, of which 56 fill the page that mount(2) takes, nor characters that mean something there.
   */
  readonly links: string;
  /** How many lowers there are: fewer than layers, where one of them hides all below it. */
  readonly lowers: number;
  /** The layers in the form of AUFS and OCI, topmost first. */
  readonly layers: readonly string[];
  /** Whether there are `../upper` and `../work`; else the mount is read-only. */
  readonly isWritable: boolean;
  /** Options of any file system, such as `nodev`. */
  readonly flags: readonly string[];
}

export interface Driver {
  readonly name: MountDriverName;
  /** Whether the links lead to views of the layers (whiteouts as overlayfs wants them) or to the layers themselves. */
  readonly takesViews: boolean;
  /** How it keeps deletions in the upper; undefined for a driver that has no upper. */
  readonly deletions: DeletionForm | undefined;
  /** The most lowers it takes. */
  readonly mostLayers: number;
  /** Why this host cannot use it, as the error to throw; undefined if nothing is known to be in the way. */
  obstacle(): Promise<StevedoreError | undefined>;
  /** @throws `MOUNT_FAILED` with the tool's own words, `MOUNT_UNSUPPORTED`, `TOOL_MISSING`, `NO_SPACE`, `CANCELLED` */
  mount(order: MountOrder, signal?: AbortSignal | undefined): Promise<void>;
}

/** The names of so many links. */
export function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, number) => number);
}
