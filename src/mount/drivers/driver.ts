// What a driver is: one way to show a stack of layers as one directory.
//
// All that is special about a driver stands in its own file, as a property of its object. The order's folder, its links
// and its upper are made by whoever asks it to mount.

import type { DeletionForm } from "../../layer/index.js";
import type { MountDriverName, StevedoreError } from "../../terms/index.js";
import type { TableEntry } from "../mount-table.js";

/** What to mount. */
export interface MountOrder {
  /** What the mount is called in the mount table. */
  readonly source: string;
  /** An existing, empty directory. */
  readonly target: string;
  /**
   * The directory that the driver works in, which has short names for the lowers. So the options hold neither long paths,
   * of which 56 fill the page that mount(2) takes, nor characters that mean something there.
   */
  readonly links: string;
  /** The lowers as paths from there, topmost first: fewer than layers, where one of them hides all below it. */
  readonly lowers: readonly string[];
  /** The mount's own folder as a path from there. */
  readonly own: string;
  /** The layers in the form of AUFS and OCI, topmost first. */
  readonly layers: readonly string[];
  /** Whether the folder has an `upper` and a `work`; else it has an empty lower `none`, and the mount is read-only. */
  readonly isWritable: boolean;
  /** Options of any file system, such as `nodev`. */
  readonly flags: readonly string[];
}

/** What a mount is known by. */
export interface MountIdentity {
  /** As in `MountOrder`. */
  readonly source: string;
  /** Absolute, links resolved: where it was mounted. */
  readonly target: string;
}

export interface Driver {
  readonly name: MountDriverName;
  /** Whether the links lead to views of the layers (whiteouts as overlayfs wants them) or to the layers themselves. */
  readonly takesViews: boolean;
  /** Whether it takes extended attributes `user.*` of a layer for its own notes. Then it gets such layers without them. */
  readonly heedsUserXattrs: boolean;
  /** How it keeps deletions in the upper; undefined for a driver that has no upper. */
  readonly deletions: DeletionForm | undefined;
  /** The most lowers it takes. */
  readonly mostLayers: number;
  /**
   * Whether the kernel has what it makes. Otherwise that is a plain directory, which needs neither the graph nor an
   * unmount once it is written.
   */
  readonly isKernelMount: boolean;
  /** Why this host cannot use it, as the error to throw; undefined if nothing is known to be in the way. */
  obstacle(): Promise<StevedoreError | undefined>;
  /** Whether `auto` may take it. A driver without this is taken wherever nothing is in its way. */
  isReady?(): Promise<boolean>;
  /** @throws `MOUNT_FAILED` with the tool's own words, `MOUNT_UNSUPPORTED`, `TOOL_MISSING`, `NO_SPACE`, `CANCELLED` */
  mount(order: MountOrder, signal?: AbortSignal | undefined): Promise<void>;
  /** Finds the kernel's entry of a mount, wherever its target has been moved to. */
  entryOf(mount: MountIdentity, table: readonly TableEntry[]): TableEntry | undefined;
  /** Writes to the upper what the driver still holds back. A driver without this holds nothing back. */
  flush?(target: string, signal?: AbortSignal | undefined): Promise<void>;
  /**
   * Tries once to end a mount, or removes the directory that was written.
   * @param target where it is mounted now
   * @throws `MOUNT_FAILED` with the tool's own words, `TOOL_MISSING`, `CANCELLED`
   */
  unmount(target: string, signal?: AbortSignal | undefined): Promise<void>;
}
