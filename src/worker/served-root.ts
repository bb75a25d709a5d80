// Takes a root over for a worker: cleans up what dead processes have left in it, and marks it as served.
import { networkFileSystem, removeAbandonedStaging } from "../disk/index.js";
import { type Graph, removeAbandonedBlockFiles } from "../graph/index.js";
import { makeInbox } from "../inbox/index.js";
import { type Mounts, openMounts } from "../mount/index.js";
import { removeAbandonedExports } from "../outbox/index.js";
import { StevedoreError } from "../terms/index.js";
import { placeRunMarker, type RunMarker } from "./run-marker.js";

export interface ServedRoot {
  readonly mounts: Mounts;
  readonly inbox: string;
  /** To be called when this worker has no more work in the root. */
  leave(): Promise<void>;
}

/**
 * Finishes or reverts what dead processes of this host had begun. What living processes and other hosts do is left alone.
 * @param host the name of this host
 * @param mountDirectories where images may be mounted; undefined for the root's own directory
 * @param log called with a line about each thing that was cleaned up
 * @throws `INVALID_OPTION` if another host serves the root, or did, over a file system whose locks do not keep hosts apart;
 * `NO_SPACE`, `NEEDS_ROOT`, `INTERNAL` if the root cannot be written or read
 */
export async function takeOverRoot(
  graph: Graph,
  host: string,
  mountDirectories: readonly string[] | undefined,
  log: (line: string) => void,
): Promise<ServedRoot> {
  const runMarker = await placeRunMarker(graph.root, host);
  await assertOwnHost(graph.root, runMarker, log);
  for (const { pid, since } of runMarker.uncleanEnds) {
    const began = since === undefined ? "" : `, since ${since}`;
    log(`a worker (process ${pid}${began}) did not end cleanly: what it left is put in order`);
  }
  const { length } = [...(await removeAbandonedStaging(graph)), ...(await removeAbandonedExports(graph))];
  if (length > 0) log(`removed ${length} abandoned staging ${length === 1 ? "directory" : "directories"}`);
  await removeAbandonedBlockFiles(graph);
  const mounts = openMounts(graph, { targets: mountDirectories });
  const recovery = await mounts.recover();
  for (const mountId of recovery.adopted) log(`the mount ${mountId} of a worker that died is complete now`);
  for (const mountId of recovery.undone)
    log(`took back the mount ${mountId}, which a worker that died had begun`);
  for (const line of recovery.damaged) log(line);
  return { mounts, inbox: await makeInbox(graph.root), leave: runMarker.end };
}

/** Locks hold between the processes of a host. Where they do not hold between hosts, one host alone may serve a root. */
async function assertOwnHost(
  root: string,
  { ofOthers, end }: RunMarker,
  log: (line: string) => void,
): Promise<void> {
  const kind = await networkFileSystem(root);
  if (kind === undefined || kind.locksBetweenHosts) return;
  const [other] = ofOthers;
  if (other === undefined) {
    log(`the root ${root} is on ${kind.name}, whose locks hold within one host: no other may serve it`);
    return;
  }
  await end();
  const [path, host] = other;
  throw new StevedoreError(
    "INVALID_OPTION",
    `the host ${host} serves the root ${root}, or was killed at it, and locks do not hold between hosts on ${kind.name}: ` +
      `let one host serve it, or remove ${path} once ${host} is gone for good`,
  );
}
