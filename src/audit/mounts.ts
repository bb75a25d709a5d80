// Mounts as they lie on disk. What was written to a mount is somebody's work: a folder that may hold any is reported, and
// not moved.

import { existsSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { namesWithin, rootEntries, rootPath } from "../disk/index.js";
import { imagePaths } from "../graph/index.js";
import {
  entryOf,
  hasEmptyUpper,
  hasMark,
  hostOf,
  imagesInStack,
  isAbandoned,
  isHere,
  isMounted as isMountedNow,
  isMountId,
  layersAside,
  type MountRecord,
  mountPaths,
  ownDirectory,
  readMountRecord,
  readMountTable,
  sourceName,
} from "../mount/index.js";
import { quote, StevedoreError, throwIfAborted } from "../terms/index.js";
import { type Damage, damage, moveAway, type Repair } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, namesIn } from "./probe.js";
import { elsewhereOf, letUnmountsEnd, type Survey } from "./survey.js";

const mountsAt = rootEntries.mounts.at;

/** What is wrong with a mount, and whether its folder may be moved away. */
interface Verdict {
  readonly what: DamageKind;
  readonly message: string;
  readonly isMovable: boolean;
}

export async function* checkMounts(survey: Survey, signal?: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  const suspects: string[] = [];
  for (const name of namesIn(rootPath(graph.root, "mounts"))) {
    throwIfAborted(signal);
    if (isMountId(name)) {
      if ((await judge(survey, name)).length > 0) suspects.push(name);
      countElsewhere(survey, name);
    } else if (isStray(survey, name)) {
      const at = `${mountsAt}/${name}`;
      const message = `${quote(name)} is not a mount`;
      yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
  }
  if (suspects.length > 0) await letUnmountsEnd(signal);
  for (const id of suspects) {
    for (const { what, message, isMovable } of await judge(survey, id)) {
      const repair = isMovable ? ([moveAway, moveFolder(survey, id)] as const) : undefined;
      yield damage(root, what, { at: join(mountsAt, id), id, message, repair });
    }
  }
}

/** A directory of another name may be a target that somebody has named, or a directory around one. */
function isStray({ root }: Survey, name: string): boolean {
  if (!isDirectory(rootPath(root, "mounts", name))) return true;
  return name.startsWith(":") && !namesWithin("mounts").includes(name);
}

async function judge(survey: Survey, mountId: string): Promise<Verdict[]> {
  const { graph } = survey;
  let record: MountRecord | undefined;
  try {
    record = readMountRecord(graph, mountId);
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    return [judgeUnknown(survey, mountId, error.message)];
  }
  // Unmounted meanwhile.
  if (record === undefined) return [];
  if (record.mountId !== mountId) {
    const message = `the record of the mount ${mountId} is of ${quote(record.mountId)}`;
    return [judgeUnknown(survey, mountId, message)];
  }
  const isKept = hasMark(graph, mountId, "kept");
  // Whether its process lives, and what the kernel there has, only that host knows.
  if (!isKept && !isHere(graph, record)) return judgeLayers(survey, record);
  const isComplete = isKept || hasMark(graph, mountId, "mounted");
  if (!isComplete) return (await isAbandoned(graph, record)) ? [judgeUnfinished(survey, record)] : [];
  const isStale = !isKept && !isMountedNow(record, readMountTable());
  return [...(isStale ? [judgeStale(survey, record)] : []), ...(await judgeLayers(survey, record))];
}

function countElsewhere(survey: Survey, mountId: string): void {
  const { graph } = survey;
  try {
    const record = readMountRecord(graph, mountId);
    if (record === undefined || isHere(graph, record) || hasMark(graph, mountId, "kept")) return;
    elsewhereOf(survey, hostOf(graph, record)).mounts += 1;
  } catch (error) {
    // A damaged record is judged as such.
    if (!(error instanceof StevedoreError)) throw error;
  }
}

/** A layer is missed by its id alone: in a root that was copied, its inode is another. */
async function judgeLayers({ graph }: Survey, record: MountRecord): Promise<Verdict[]> {
  const { mountId, isWritable } = record;
  // Others keep no account of changes.
  if (!isWritable) return [];
  const lacking: string[] = [];
  for (const { id } of imagesInStack(record)) {
    const own = imagePaths(graph.directory, id).layer;
    if (!isDirectory(own) && !(await layersAside(graph, id)).some(isDirectory)) lacking.push(id);
  }
  if (lacking.length === 0) return [];
  const { upper } = mountPaths(ownDirectory(graph, mountId));
  const message = `the mount ${mountId} is made of the image ${lacking.join(", ")}, whose layer is gone: changes and commit cannot tell what was written; it is in ${upper}`;
  return [{ what: "mount-without-layer", message, isMovable: false }];
}

function judgeUnknown({ graph }: Survey, mountId: string, message: string): Verdict {
  const what = "damaged-mount-record";
  const folder = ownDirectory(graph, mountId);
  const { upper } = mountPaths(folder);
  if (isMountedOf(graph, mountId)) {
    const way = "umount what is mounted there, then check --repair moves it away";
    return { what, message: `${message}; it is mounted: ${way}`, isMovable: false };
  }
  if (hasEmptyUpper(graph, mountId)) return { what, message, isMovable: true };
  const way = `what was written to it is in ${upper}: move ${folder} away when that is safe`;
  return { what, message: `${message}; ${way}`, isMovable: false };
}

/** True if something is mounted below a mount's folder, or elsewhere by its name. */
function isMountedOf(graph: Survey["graph"], mountId: string): boolean {
  // The table has real paths.
  const folder = realpathSync(ownDirectory(graph, mountId));
  return readMountTable().some(
    ({ source, target }) => source === sourceName(mountId) || target.startsWith(`${folder}/`),
  );
}

function judgeStale({ graph }: Survey, { mountId, isWritable }: MountRecord): Verdict {
  const { upper } = mountPaths(ownDirectory(graph, mountId));
  const written = isWritable ? `what was written to it is in ${upper}, for changes and commit; ` : "";
  return {
    what: "stale-mount",
    message: `the kernel does not have the mount ${mountId} any more: ${written}stevedore unmount ${mountId} puts it away`,
    isMovable: false,
  };
}

function judgeUnfinished(survey: Survey, record: MountRecord): Verdict {
  const { graph } = survey;
  const { mountId, target } = record;
  if (!hasEmptyUpper(graph, mountId)) return judgeStale(survey, record);
  const what = "unfinished-mount";
  const message = `the process that began the mount ${mountId} is gone`;
  if (entryOf(record, readMountTable()) !== undefined || isMountedOf(graph, mountId)) {
    return {
      what,
      message: `${message}; it is mounted: a worker that starts completes it`,
      isMovable: false,
    };
  }
  const isOutside = !target.endsWith(`/${mountId}/rootfs`) && existsSync(target);
  if (isOutside) {
    const way = `a worker that starts takes it back, with its target ${target}`;
    return { what, message: `${message}; ${way}`, isMovable: false };
  }
  return { what, message, isMovable: true };
}

function moveFolder(survey: Survey, mountId: string): Repair {
  return async (lost) => {
    // A worker that starts may have completed it, or taken it back.
    const isMovable = (await judge(survey, mountId)).some((verdict) => verdict.isMovable);
    return isMovable ? lost.take(join(mountsAt, mountId)) : undefined;
  };
}
