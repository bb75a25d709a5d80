// What a worker does about mounts when it starts: workers before it may have died at any point.

import { ownerStatus, parseOwner } from "../disk/index.js";
import type { Graph } from "../graph/index.js";
import { entryOf, isComplete, isHere, type MountRecord, readMountRecords, setMark } from "./mount-record.js";
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
 * Completes or takes back the mounts that dead processes of this host had begun, and removes what no mount needs any
 * more. A beginning whose job another host has done meanwhile is taken back.
 * @param isMeant which mounts to look at
 */
export async function recoverMounts(
  graph: Graph,
  isMeant: (record: MountRecord) => boolean,
): Promise<Recovery> {
  const damaged: string[] = [];
  const adopted: string[] = [];
  const undone: string[] = [];
  const records = readMountRecords(graph, (line) => damaged.push(line));
  for (const record of records.filter(isMeant)) {
    const { mountId } = record;
    if (!isHere(graph, record) || isComplete(graph, mountId) || !(await isAbandoned(graph, record))) continue;
    const isDoneElsewhere =
      record.jobId !== undefined &&
      records.some((other) => other.jobId === record.jobId && isComplete(graph, other.mountId));
    if (
      entryOf(record, readMountTable()) !== undefined &&
      !(isDoneElsewhere && hasEmptyUpper(graph, mountId))
    ) {
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

/** True if the process that began a mount of this host is gone. */
export async function isAbandoned(graph: Graph, { owner, host }: MountRecord): Promise<boolean> {
  const process = parseOwner(owner);
  return process === undefined || (await ownerStatus({ host, ...process }, graph.host)) === "gone";
}
