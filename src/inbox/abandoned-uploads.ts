// Uploads whose command died before it had enqueued their job: nobody else takes them out of the inbox.
import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";
import { removeTree } from "../disk/index.js";
import type { Producer } from "../producer/index.js";
import { isErrno } from "../terms/index.js";

/** How long an upload may lie before it is taken for abandoned, in ms: its command first writes it, then enqueues. */
export const uploadPatience = 3_600_000;

/**
 * Removes what lies in the inbox for longer than `patience` ms, unchanged, and is named by no job that has not ended:
 * no job can name what is not whole yet.
 * @returns the names of what was removed
 * @throws `QUEUE_UNAVAILABLE` if the jobs cannot be read
 */
export async function removeAbandonedUploads(
  inbox: string,
  producer: Producer,
  patience: number,
): Promise<string[]> {
  const old: string[] = [];
  for (const name of await namesIn(inbox)) if (await isOlder(join(inbox, name), patience)) old.push(name);
  if (old.length === 0) return [];
  const named = await uploadsOfJobs(producer);
  const abandoned = old.filter((name) => !named.has(name));
  for (const name of abandoned) await removeTree(join(inbox, name));
  return abandoned;
}

/** None of an inbox that nobody has made yet. */
async function namesIn(inbox: string): Promise<string[]> {
  try {
    return await readdir(inbox);
  } catch (error) {
    if (isErrno(error, "ENOENT")) return [];
    throw error;
  }
}

/** By the time of the last change of any kind: a link to an old file is as young as the link. */
async function isOlder(path: string, patience: number): Promise<boolean> {
  try {
    return Date.now() - (await lstat(path)).ctimeMs > patience;
  } catch (error) {
    // Its job has just consumed it.
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}

async function uploadsOfJobs(producer: Producer): Promise<ReadonlySet<string>> {
  const named = new Set<string>();
  for (const state of ["waiting", "prioritized", "delayed", "active", "waiting-children"] as const) {
    for await (const { data } of producer.jobs(state)) {
      const { layer, source } = data as Readonly<
        Record<"layer" | "source", { readonly upload?: unknown } | undefined>
      >;
      for (const from of [layer, source]) if (typeof from?.upload === "string") named.add(from.upload);
    }
  }
  return named;
}
