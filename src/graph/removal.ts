// How an image leaves the graph: by one rename into staging, so that at no time is there half an image.
import { renameSync } from "node:fs";
import { rename } from "node:fs/promises";
import { join } from "node:path";
import { ioError, type StagingPlace, syncFileSystem, withLock, withLocks } from "../disk/index.js";
import { isErrno, StevedoreError, shortId } from "../terms/index.js";
import { type Departure, openDeparture } from "./departure.js";
import type { TakenImages } from "./graph.js";
import { imageNotFound, imagePaths } from "./image.js";
import type { NamesOfGraph } from "./names/index.js";
import type { ParentIndex } from "./parent-index.js";
import type { Holder, References } from "./sets/index.js";

/** What may keep images in the graph. */
export interface RetentionSources extends Pick<References, "locked" | "holders"> {
  readonly parentIndex: ParentIndex;
  readonly names: Pick<NamesOfGraph, "byImage" | "forget">;
}

/**
 * Takes an image by its full id out of the graph, a broken one too: durably, and whole; then its names.
 * @param options force leaves its children without their parent; destination is where it lies then, on the graph's file system;
 * by default in a new directory in staging
 * @returns the destination, or else that directory: what lies there is the caller's
 * @throws `IMAGE_NOT_FOUND`; `IMAGE_IN_USE` naming the children, unless it is forced, or what holds it; `CANCELLED`
 * before anything was done
 */
export async function takeOutImage(
  place: StagingPlace,
  id: string,
  { parentIndex, holders, names, locked }: RetentionSources,
  { force, destination }: { readonly force: boolean; readonly destination?: string | undefined },
  signal?: AbortSignal | undefined,
): Promise<string> {
  const { directory } = imagePaths(place.directory, id);
  const take = async (departure: Departure) => {
    departure.begin();
    const parents = new Set([id]);
    if (!force && (await parentIndex.findRecent(parents, signal)).has(id)) {
      // Refused is only what has children now.
      assertChildless(id, (await parentIndex.find(parents, signal)).get(id) ?? []);
    }
    assertFree(id, await holders());
    await rename(directory, destination ?? join(departure.stage, id));
    departure.noteTaken();
  };
  try {
    const departure = await openDeparture(place);
    try {
      await locked(async () => {
        await withLock(directory, () => take(departure), signal);
        // SYNC_OF_REMOVAL
        await syncFileSystem(place.directory);
        parentIndex.noteTaken([id], departure.end());
        // Before another image of that id can come, with names.
        await names.forget(id);
      }, signal);
      if (destination !== undefined) departure.giveUp();
      return destination ?? departure.stage;
    } catch (error) {
      departure.giveUp();
      throw error;
    }
  } catch (error) {
    if (isErrno(error, "ENOENT")) throw imageNotFound(id);
    throw ioError(error, `the image ${id} cannot be deleted`);
  }
}

/**
 * Takes those out of some images that nothing needs: no child that stays, no name, no lease. One look at the graph serves
 * for all of them, while nobody can give them what they lack.
 * @param ids children before their parents
 * @throws `CANCELLED` before anything was done; `IMAGE_BROKEN` if the names cannot be read; `NO_SPACE`, `NEEDS_ROOT`,
 * `INTERNAL`, when some may have been taken: what they left in staging goes with this process
 */
export async function takeOutUnneededImages(
  place: StagingPlace,
  ids: readonly string[],
  { parentIndex, holders, names, locked }: RetentionSources,
  signal?: AbortSignal | undefined,
): Promise<TakenImages> {
  const taken = new Set<string>();
  const pathOf = (id: string) => imagePaths(place.directory, id).directory;
  const take = async (departure: Departure, paths: ReadonlySet<string>) => {
    const there = new Set(ids.filter((id) => paths.has(pathOf(id))));
    departure.begin();
    const [families, named, holding] = await Promise.all([
      parentIndex.findRecent(there, signal),
      names.byImage(),
      holders(),
    ]);
    const held = new Set(holding.flatMap((holder) => holder.ids));
    for (const id of ids) {
      if (!there.has(id) || named.has(id) || held.has(id)) continue;
      if (families.get(id)?.some((child) => !taken.has(child))) continue;
      renameSync(pathOf(id), join(departure.stage, id));
      taken.add(id);
    }
    departure.noteTaken();
  };
  try {
    const departure = await openDeparture(place);
    try {
      await locked(async () => {
        // Each image's own lock as well: under that of its parent alone a child is registered (LOCK_OF_IMAGES).
        await withLocks(ids.map(pathOf), (paths) => take(departure, new Set(paths)));
        if (taken.size === 0) return;
        // SYNC_OF_REMOVAL
        await syncFileSystem(place.directory);
        parentIndex.noteTaken([...taken], departure.end());
      }, signal);
      if (taken.size === 0) departure.giveUp();
      return { ids: [...taken], path: taken.size === 0 ? undefined : departure.stage };
    } catch (error) {
      departure.giveUp();
      throw error;
    }
  } catch (error) {
    throw ioError(error, `${ids.length} images cannot be deleted`);
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
