// Answers of a catalog for who would rather have the last count at once than wait for the next.
import { setTimeout as sleep } from "node:timers/promises";
import type { ImageCatalog } from "./image-catalog.js";

/** What may be asked for. */
export interface CatalogWish {
  /** The count that began then, in ms since the epoch, if it is still the last: a list is read page by page from one. */
  readonly asOf?: number | undefined;
  /** Waits for a count that begins after the call. */
  readonly fresh?: boolean | undefined;
}

/** A count, and whether a newer one is under way. */
export interface RecentCatalog {
  readonly catalog: ImageCatalog;
  readonly isOutdated: boolean;
}

export interface RecentCatalogs {
  /** As the disk is now. Throws as the catalog does. */
  now(): Promise<ImageCatalog>;
  /**
   * As the disk is now if that is known in `patience`, else as the last count found it. The first count of all is waited
   * for. Throws as the catalog does.
   */
  recent(wish?: CatalogWish): Promise<RecentCatalog>;
}

/** How long a new count is waited for where there is a last one, in ms. */
const usualPatience = 100;

/** @param count as `openImageCatalog` gives it */
export function keepRecent(
  count: () => Promise<ImageCatalog>,
  patience: number = usualPatience,
): RecentCatalogs {
  let last: ImageCatalog | undefined;

  async function now(): Promise<ImageCatalog> {
    const catalog = await count();
    if (last === undefined || catalog.asOf >= last.asOf) last = catalog;
    return catalog;
  }

  return {
    now,
    async recent({ asOf, fresh = false } = {}) {
      if (asOf !== undefined && last?.asOf === asOf) return { catalog: last, isOutdated: false };
      const next = now();
      if (fresh || last === undefined) return { catalog: await next, isOutdated: false };
      const waiting = new AbortController();
      // Who is not answered by it is not told either why it failed: the next who waits for one is.
      next.catch(() => undefined);
      const patient = sleep(patience, undefined, { signal: waiting.signal }).catch(() => undefined);
      const catalog = await Promise.race([next, patient]);
      waiting.abort();
      return catalog === undefined ? { catalog: last, isOutdated: true } : { catalog, isOutdated: false };
    },
  };
}
