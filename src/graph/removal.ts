// How an image leaves the graph: by one rename into staging, so that at no time is there half an image.
import { rename } from "node:fs/promises";
import { isErrno, StevedoreError } from "../error.js";
import { syncFileSystem } from "./durable-file.js";
import { shortId } from "./id.js";
import { imageNotFound, imagePaths } from "./image.js";
import { ioError } from "./io-error.js";
import type { Locked } from "./lease.js";
import { withLock } from "./lock.js";
import type { Holder } from "./references.js";
import { type StagingPlace, stagingPath } from "./staging.js";

/** What may keep an image in the graph. */
export interface Ties {
  /** Finds the ids of its children; "forced" says to leave them without their parent. */
  readonly children: "forced" | (() => Promise<readonly string[]>);
  readonly holders: () => Promise<readonly Holder[]>;
  /** The lock of the references. */
  readonly locked: Locked;
}

/**
 * Takes an image by its full id out of the graph, a broken one too: durably, and whole.
 * @param destination where it lies then, on the graph's file system; by default a new path in staging
 * @returns that path: what lies there is the caller's
 * @throws `IMAGE_NOT_FOUND`; `IMAGE_IN_USE` naming the children, unless it is forced, or what holds it; `CANCELLED`
 * before anything was done
 */
export async function takeOutImage(
  place: StagingPlace,
  id: string,
  { children, holders, locked }: Ties,
  destination?: string | undefined,
  signal?: AbortSignal | undefined,
): Promise<string> {
  const { directory } = imagePaths(place.directory, id);
  const take = async () => {
    if (children !== "forced") assertChildless(id, await children());
    assertFree(id, await holders());
    const path = destination ?? (await stagingPath(place));
    await rename(directory, path);
    return path;
  };
  try {
    const taken = await locked(() => withLock(directory, take, signal), signal);
    await syncFileSystem(place.directory);
    return taken;
  } catch (error) {
    if (isErrno(error, "ENOENT")) throw imageNotFound(id);
    throw ioError(error, `the image ${id} cannot be deleted`);
  }
}

function assertChildless(id: string, children: readonly string[]): void {
  if (children.length === 0) return;
  const shown = children.slice(0, 10).map(shortId).join(", ");
  const more = children.length > 10 ? ` and ${children.length - 10} more` : "";
  throw new StevedoreError("IMAGE_IN_USE", `the image ${id} is the parent of ${shown}${more}`);
}

function assertFree(id: string, holders: readonly Holder[]): void {
  const holder = holders.find(({ ids }) => ids.includes(id));
  if (holder === undefined) return;
  throw new StevedoreError("IMAGE_IN_USE", `the image ${id} is held by ${holder.purpose}`);
}
