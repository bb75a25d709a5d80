// What a worker does about mounts when it starts: those before it may have died at any point.
import type { Graph } from "../graph/index.js";
import { isGone, parseOwner } from "../graph/owner.js";
import { entryOf, isComplete, type MountRecord, readMountRecords, setMark } from "./mount-record.js";
import { readMountTable } from "./mount-table.js";
import { hasEmptyUpper, sweepUnused, undoMount } from "./unmount-image.js";

/** Mounts by their ids. */
export interface Recovery {
  /** Whose process died between mount(2) and its end: they are complete now. */
  readonly adopted: readonly string[];
  /** Whose process died before mount(2): nothing is left of them. */
  readonly undone: readonly string[];
  /** Records that cannot be read. */
  readonly damaged: readonly string[];
}

/**
 * Completes or takes back the mounts that dead processes had begun, and removes what no mount needs any more.
 * @param isMeant which mounts to look at
 */
export async function recoverMounts(
  graph: Graph,
  isMeant: (record: MountRecord) => boolean,
): Promise<Recovery> {
  const damaged: string[] = [];
  const adopted: string[] = [];
  const undone: string[] = [];
  for (const record of readMountRecords(graph, (line) => damaged.push(line)).filter(isMeant)) {
    const { mountId } = record;
    if (isComplete(graph, mountId) || !(await isAbandoned(record))) continue;
    if (entryOf(record, readMountTable()) !== undefined) {
      await setMark(graph, mountId, "mounted");
      adopted.push(mountId);
    } else if (hasEmptyUpper(graph, mountId)) {
      await undoMount(graph, record);
      undone.push(mountId);
    }
    // Else somebody has written to it, and a power cut took the mark: it is stale, and theirs to unmount.
  }
  await sweepUnused(graph);
  return { adopted, undone, damaged };
}

/** True if the process that began a mount is gone. */
export async function isAbandoned({ owner }: MountRecord): Promise<boolean> {
  const process = parseOwner(owner);
  return process === undefined || isGone(process);
}
