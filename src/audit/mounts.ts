// Mounts as they lie on disk. What was written to one is somebody's work: a folder that may hold any is only told of.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { StevedoreError, throwIfAborted } from "../error.js";
import { quote } from "../graph/id.js";
import {
  hasMark,
  isMounted,
  isMountId,
  type MountRecord,
  mountPaths,
  mountsDirectory,
  ownDirectory,
  readMountRecord,
  sourceName,
} from "../mount/mount-record.js";
import { readMountTable } from "../mount/mount-table.js";
import { isAbandoned } from "../mount/recovery.js";
import { asideDirectory } from "../mount/set-aside.js";
import { hasEmptyUpper } from "../mount/unmount-image.js";
import { type Damage, damage, type Mend, moveAway } from "./finding.js";
import type { DamageKind } from "./kinds.js";
import { isDirectory, isThere, namesIn } from "./look.js";
import type { Survey } from "./survey.js";

/** What is wrong with a mount, and whether its folder may be moved away. */
interface Verdict {
  readonly what: DamageKind;
  readonly message: string;
  readonly isMovable: boolean;
}

export async function* checkMounts(survey: Survey, signal?: AbortSignal | undefined): AsyncGenerator<Damage> {
  const { graph, root } = survey;
  for (const name of namesIn(mountsDirectory(graph))) {
    throwIfAborted(signal);
    const at = join("mounts", name);
    if (isMountId(name)) {
      const verdict = await judge(survey, name);
      if (verdict === undefined) continue;
      const { what, message, isMovable } = verdict;
      const repair = isMovable ? ([moveAway, moveFolder(survey, name)] as const) : undefined;
      yield damage(root, what, { at, id: name, message, repair });
    } else if (isStray(survey, name)) {
      const message = `${quote(name)} is no mount`;
      yield damage(root, "stray-file", { at, message, repair: [moveAway, (lost) => lost.take(at)] });
    }
  }
}

/** A directory of another name may be a target that somebody has named, or lead to some. */
function isStray({ graph, root }: Survey, name: string): boolean {
  if (join(mountsDirectory(graph), name) === asideDirectory(graph))
    return !isDirectory(asideDirectory(graph));
  return name.startsWith(":") || !isDirectory(join(root, "mounts", name));
}

async function judge(survey: Survey, mountId: string): Promise<Verdict | undefined> {
  const { graph } = survey;
  let record: MountRecord | undefined;
  try {
    record = readMountRecord(graph, mountId);
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    return judgeUnknown(survey, mountId, error.message);
  }
  if (record !== undefined && record.mountId !== mountId) {
    return judgeUnknown(survey, mountId, `the record of the mount ${mountId} is of ${quote(record.mountId)}`);
  }
  // Unmounted meanwhile, or unmounted with its upper kept.
  if (record === undefined || hasMark(graph, mountId, "kept")) return undefined;
  const isComplete = hasMark(graph, mountId, "mounted");
  const isThere = isMounted(record, readMountTable());
  if (isComplete) return isThere ? undefined : judgeStale(survey, record);
  if (!(await isAbandoned(record))) return undefined;
  return judgeUnfinished(survey, record, isThere);
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
  const folder = ownDirectory(graph, mountId);
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

function judgeUnfinished(survey: Survey, record: MountRecord, isMounted: boolean): Verdict | undefined {
  const { graph } = survey;
  const { mountId, target, driver } = record;
  if (!hasEmptyUpper(graph, mountId)) return judgeStale(survey, record);
  const what = "unfinished-mount";
  const message = `the process that began the mount ${mountId} is gone`;
  if (isMounted && driver !== "copy") {
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

function moveFolder(survey: Survey, mountId: string): Mend {
  return async (lost) => {
    if (!isThere(ownDirectory(survey.graph, mountId))) return undefined;
    // A worker that starts may have completed it, or taken it back.
    const isMovable = (await judge(survey, mountId))?.isMovable ?? false;
    return isMovable ? lost.take(join("mounts", mountId)) : undefined;
  };
}
