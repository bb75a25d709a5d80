// Remembers what was read of many things, each for as long as the stamps of its files prove that nothing has changed.
import type { FileStamp } from "./file-stamp.js";

/** What is remembered, by keys. */
export interface StampedMemory<Value> {
  /** True if something is remembered under the key, be it outdated. */
  has(key: string): boolean;
  /** What was noted under the key, if that was under the same stamp. */
  recall(key: string, stamp: FileStamp): Value | undefined;
  /**
   * Notes what was read. A stamp that is not settled proves nothing, so under such a stamp, and of undefined, nothing is
   * remembered.
   * @param stamp taken before the reading
   */
  note(key: string, stamp: FileStamp, value: Value | undefined): void;
  /** How many keys it holds. */
  size(): number;
  /** Forgets all other keys, so that no more is held in memory than there is. */
  keepOnly(keys: readonly string[]): void;
}

/** An empty memory. @param most how many keys it holds: the oldest is forgotten for a new one */
export function createStampedMemory<Value>(most = Number.POSITIVE_INFINITY): StampedMemory<Value> {
  const known = new Map<string, { readonly stamp: string; readonly value: Value }>();
  return {
    size: () => known.size,
    has: (key) => known.has(key),
    recall(key, { text }) {
      const last = known.get(key);
      return last?.stamp === text ? last.value : undefined;
    },
    note(key, { text, settled }, value) {
      known.delete(key);
      if (!settled || value === undefined) return;
      known.set(key, { stamp: text, value });
      // A map keeps the order in which its keys came.
      const [oldest = key] = known.keys();
      if (known.size > most) known.delete(oldest);
    },
    keepOnly(keys) {
      if (known.size <= keys.length) return;
      const kept = new Set(keys);
      for (const key of known.keys()) if (!kept.has(key)) known.delete(key);
    },
  };
}

/** One stamp of several. Where nothing lies at a path, that is part of it too: what appears there changes the stamp. */
export function joinStamps(stamps: readonly (FileStamp | undefined)[]): FileStamp {
  return {
    text: stamps.map((stamp) => stamp?.text).join(";"),
    settled: stamps.every((stamp) => stamp?.settled !== false),
  };
}
