// The mounts of a graph: what can be done with them, and who does it.
import { realpathSync } from "node:fs";
import { resolve } from "node:path";
import { inodeOf, rootPath } from "../disk/index.js";
import { type Graph, imagePaths } from "../graph/index.js";
import { type Change, readChanges, type Upper } from "../layer/index.js";
import { type MountDriverName, quote, StevedoreError } from "../terms/index.js";
import { driverOf } from "./drivers/index.js";
import { deleteMountedImage, deleteUnneededImages, imagesOfMounts } from "./image-deletion.js";
import { type MountRequest, mountImage } from "./mount-image.js";
import {
  hasMark,
  hostOf,
  imagesInStack,
  isComplete,
  isHere,
  isMounted,
  type MountRecord,
  mountPaths,
  ownDirectory,
  readMountRecord,
  readMountRecords,
} from "./mount-record.js";
import { readMountTable, type TableEntry } from "./mount-table.js";
import { type Recovery, recoverMounts } from "./recovery.js";
import { layersAside } from "./set-aside.js";
import { unmountImage } from "./unmount-image.js";

/**
 * `mounted`: the kernel has it. `stale`: it has not, as after a reboot, though nobody unmounted it. `unmounted`: its
 * upper was kept. The last two still serve `changes` and `commit`, until they are unmounted for good. `elsewhere`: it is
 * another host's, mounted or stale there, which only that host knows.
 */
type MountState = "mounted" | "stale" | "unmounted" | "elsewhere";

/** A mount. */
export interface Mount {
  readonly mountId: string;
  /** The mounted image. */
  readonly id: string;
  /** Absolute, links resolved. */
  readonly target: string;
  /** The host that has it. */
  readonly host: string;
  readonly driver: MountDriverName;
  /** How many layers it is made of. */
  readonly layers: number;
  /** The directory that holds what was written; undefined for a mount that takes no writes. */
  readonly upper?: string | undefined;
  readonly state: MountState;
  /** RFC 3339. */
  readonly createdAt: string;
}

/**
 * Mounts images of a graph. Several processes may do so at the same time, and several hosts that share the root: each
 * has its own mounts, and leaves those of the others alone. A `reference` is a mount's id, a unique prefix of one, or
 * its target.
 */
export interface Mounts {
  /**
   * Mounts an image with its ancestors below it, and a fresh upper on top.
   * @throws as `Graph.history`, before anything is mounted; `TARGET_FORBIDDEN`, `ALREADY_MOUNTED`; `MOUNT_UNSUPPORTED`,
   * `NEEDS_ROOT`, `TOOL_MISSING` for the driver; `MOUNT_FAILED`, `NO_SPACE`, `CANCELLED`. Nothing is left of a mount
   * that failed.
   */
  mount(request: MountRequest, signal?: AbortSignal | undefined): Promise<Mount>;
  /**
   * The mount that a job has made. One that it only began on this host is taken back or completed first; one that it began
   * on another host is left to that host.
   */
  ofJob(jobId: string): Promise<Mount | undefined>;
  /**
   * A mount of whichever host.
   * @param host only that host's
   * @throws `NOT_MOUNTED`; `AMBIGUOUS_ID` naming the candidates, which for a target are those of several hosts
   */
  find(reference: string, host?: string | undefined): Mount;
  /** All mounts in the order of their ids. `warn` gets a line for each damaged record. */
  list(warn?: (line: string) => void): Mount[];
  /**
   * Ends a mount: retries while its target is busy, removes the target, and the upper unless told to keep it.
   * @throws as `find`; `NOT_MOUNTED` for a mount of another host; `MOUNT_FAILED` if it stays busy, `CANCELLED`
   */
  unmount(
    reference: string,
    options?: { readonly keepUpper?: boolean | undefined },
    signal?: AbortSignal | undefined,
  ): Promise<Mount>;
  /**
   * What was changed in a mount.
   * @throws as `find`; `NOT_MOUNTED` for a mount of another host; `MOUNT_UNSUPPORTED` for a driver that keeps no account
   * of changes; as `readChanges`
   */
  changes(reference: string, signal?: AbortSignal | undefined): Promise<Change[]>;
  /**
   * What was written to a mount, ready to be packed.
   * @throws as `find`; `NOT_MOUNTED` for a mount of another host, which may hold back what was written;
   * `MOUNT_UNSUPPORTED` where there is no upper
   */
  upper(reference: string, signal?: AbortSignal | undefined): Promise<{ mount: Mount; upper: Upper }>;
  /**
   * Deletes an image, and its view with it.
   * @throws as `Graph.delete`; `IMAGE_IN_USE` while it is part of a mount, unless `force` says otherwise. A mount that
   * lives then keeps what it needs of the image until it ends.
   */
  deleteImage(
    reference: string,
    options?: { readonly force?: boolean | undefined },
    signal?: AbortSignal | undefined,
  ): Promise<string>;
  /**
   * Deletes those of some images that nothing needs, and their views with them: as `Graph.takeOutUnneeded`, and one that
   * is part of a mount stays, even of one that is stale or unmounted.
   * @param ids children before their parents
   * @returns those that were deleted
   * @throws as `Graph.takeOutUnneeded`; `IMAGE_IN_USE` if a mount's record is damaged
   */
  deleteUnneeded(ids: readonly string[], signal?: AbortSignal | undefined): Promise<string[]>;
  /**
   * The images that are part of any mount, be it stale or unmounted.
   * @throws `IMAGE_IN_USE` if a mount's record is damaged
   */
  imagesInMounts(): ReadonlySet<string>;
  /** To be called at the start of a worker: finishes or takes back what dead processes had begun. */
  recover(): Promise<Recovery>;
}

interface MountsOptions {
  /** Directories below which targets may lie; unnamed ones are made in the first. Default: `<root>/mounts` alone. */
  readonly targets?: readonly string[] | undefined;
}

/** Opens the mounts of a graph. Nothing is written before the first of them is made. */
export function openMounts(graph: Graph, { targets }: MountsOptions = {}): Mounts {
  const allowed = targets === undefined || targets.length === 0 ? [rootPath(graph.root, "mounts")] : targets;

  const recordOf = (reference: string, host?: string | undefined): MountRecord => {
    const records = readMountRecords(graph).filter(
      (record) => host === undefined || hostOf(graph, record) === host,
    );
    const paths = reference.startsWith("/") ? [realPathOf(reference), resolve(reference)] : [];
    // Links on another host cannot be followed from here.
    const isOn = (record: MountRecord) =>
      paths.slice(0, isHere(graph, record) ? 1 : 2).includes(record.target);
    const named = records.filter((record) => record.mountId === reference || isOn(record));
    // Once a mount is unmounted with its upper kept, another mount may have its target.
    const living = named.filter(({ mountId }) => !hasMark(graph, mountId, "kept"));
    if (new Set(living.map((record) => hostOf(graph, record))).size > 1)
      throw ambiguous(graph, reference, living);
    const exact = living[0] ?? named[0];
    if (exact !== undefined) return exact;
    const candidates = reference === "" ? [] : records.filter(({ mountId }) => mountId.startsWith(reference));
    const [first, ...others] = candidates;
    if (first === undefined) throw notMounted(graph, reference, host);
    if (others.length === 0) return first;
    throw ambiguous(graph, reference, candidates);
  };
  /** The same for what only the mount's own host can do. */
  const ownRecordOf = (reference: string): MountRecord => {
    const record = recordOf(reference);
    if (isHere(graph, record)) return record;
    const { mountId, host } = record;
    throw new StevedoreError(
      "NOT_MOUNTED",
      `the mount ${mountId} is on the host ${host}, not on ${graph.host}`,
    );
  };

  const mounts: Mounts = {
    async mount(request, signal) {
      return present(graph, await mountImage(graph, allowed, request, signal), readMountTable());
    },
    async ofJob(jobId) {
      const isOfJob = (record: MountRecord) => record.jobId === jobId;
      await recoverMounts(graph, isOfJob);
      const record = readMountRecords(graph)
        .filter(isOfJob)
        .find((each) => isHere(graph, each) || isComplete(graph, each.mountId));
      return record === undefined ? undefined : present(graph, record, readMountTable());
    },
    find: (reference, host) => present(graph, recordOf(reference, host), readMountTable()),
    list(warn) {
      const table = readMountTable();
      return readMountRecords(graph, warn).map((record) => present(graph, record, table));
    },
    async unmount(reference, { keepUpper = false } = {}, signal) {
      const record = ownRecordOf(reference);
      const before = present(graph, record, readMountTable());
      if (keepUpper && before.state === "unmounted") throw notMounted(graph, reference);
      await unmountImage(graph, record, { keepUpper: keepUpper && record.isWritable }, signal);
      return before;
    },
    async changes(reference, signal) {
      const record = ownRecordOf(reference);
      if (driverOf(record.driver).deletions === undefined)
        throw noUpper(record, "keeps no account of changes");
      if (!record.isWritable) return [];
      const layers = await Promise.all(imagesInStack(record).map((image) => layerOf(graph, image)));
      return readChanges(await upperOf(graph, record, signal), layers, signal);
    },
    async upper(reference, signal) {
      const record = ownRecordOf(reference);
      if (!record.isWritable) throw noUpper(record, "takes no writes");
      const upper = await upperOf(graph, record, signal);
      return { mount: present(graph, record, readMountTable()), upper };
    },
    deleteImage: (reference, { force = false } = {}, signal) =>
      deleteMountedImage(graph, reference, force, signal),
    deleteUnneeded: (ids, signal) => deleteUnneededImages(graph, ids, signal),
    imagesInMounts: () => imagesOfMounts(graph),
    recover: () => recoverMounts(graph, () => true),
  };
  return mounts;
}

function present(graph: Graph, record: MountRecord, table: readonly TableEntry[]): Mount {
  const { mountId, images, target, driver, isWritable, createdAt } = record;
  const upper = isWritable ? { upper: mountPaths(ownDirectory(graph, mountId)).upper } : {};
  return {
    mountId,
    id: images[0]?.id ?? "",
    target,
    host: hostOf(graph, record),
    driver,
    layers: imagesInStack(record).length,
    ...upper,
    state: stateOf(graph, record, table),
    createdAt,
  };
}

function stateOf(graph: Graph, record: MountRecord, table: readonly TableEntry[]): MountState {
  if (hasMark(graph, record.mountId, "kept")) return "unmounted";
  if (!isHere(graph, record)) return "elsewhere";
  return isMounted(record, table) ? "mounted" : "stale";
}

/** The upper as it is now: what the driver still holds back is written first. */
async function upperOf(graph: Graph, record: MountRecord, signal: AbortSignal | undefined): Promise<Upper> {
  const { mountId, target } = record;
  const driver = driverOf(record.driver);
  if (isMounted(record, readMountTable())) await driver.flush?.(target, signal);
  const form = driver.deletions;
  if (form === undefined) throw noUpper(record, "takes no writes");
  return { directory: mountPaths(ownDirectory(graph, mountId)).upper, form };
}

/** A layer of a mount; it may have left the graph since, and another image may have its id. */
async function layerOf(graph: Graph, { id, inode }: MountRecord["images"][number]): Promise<string> {
  const own = imagePaths(graph.directory, id).layer;
  const paths = [own, ...(await layersAside(graph, id))];
  return paths.find((path) => inodeOf(path) === inode) ?? own;
}

/** The path with its links resolved; of one that is not there, as it was written. */
function realPathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}

function ambiguous(graph: Graph, reference: string, candidates: readonly MountRecord[]): StevedoreError {
  const areElsewhere = candidates.some((record) => !isHere(graph, record));
  const shown = candidates
    .slice(0, 10)
    .map((record) => `${record.mountId}${areElsewhere ? ` on the host ${hostOf(graph, record)}` : ""}`);
  return new StevedoreError("AMBIGUOUS_ID", `${quote(reference)} may be any of ${shown.join(", ")}`);
}

function notMounted(graph: Graph, reference: string, host?: string | undefined): StevedoreError {
  // A mount with a damaged record is there all the same.
  try {
    if (/^[0-9a-f]{16}$/.test(reference)) readMountRecord(graph, reference);
  } catch (error) {
    if (error instanceof StevedoreError) return error;
  }
  const where = host === undefined ? "" : ` on the host ${host}`;
  return new StevedoreError("NOT_MOUNTED", `there is no mount ${quote(reference)}${where}`);
}

function noUpper({ mountId, driver }: MountRecord, why: string): StevedoreError {
  return new StevedoreError("MOUNT_UNSUPPORTED", `the mount ${mountId} (driver ${driver}) ${why}`);
}
