// What a job's record tells a reader at a glance.
import { type Progress, parseProgress } from "../jobs/index.js";
import type { JobRecord } from "../producer/index.js";

/** What a job is about: an image, the mount, or the name. */
export function subjectOf({ data, result }: Pick<JobRecord, "data" | "result">): string {
  const about = data as {
    id?: unknown;
    image?: { id?: unknown };
    mountId?: unknown;
    target?: unknown;
    name?: unknown;
  } | null;
  const { id } = (result ?? {}) as { id?: unknown };
  const names = [about?.id, id, about?.image?.id, about?.mountId, about?.target, about?.name];
  return names.find((name): name is string => typeof name === "string") ?? "";
}

/** How far a job is; undefined if it has not told of that yet. */
export function progressOf({ progress }: Pick<JobRecord, "progress">): Progress | undefined {
  return parseProgress(progress);
}
