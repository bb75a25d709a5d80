// Remembers what was read of many things, each for as long as the stamps of its files prove that nothing has changed.
import type { FileStamp } from "./file-stamp.js";

/** What is remembered, by keys. */
export interface StampedMemory<Value> {
  /** What was noted under the key, if that was under the same stamp. */
  recall(key: string, stamp: FileStamp): Value | undefined;
  /**
   * Notes what was read. A stamp that is not settled proves nothing, so under such a stamp, and of undefined, nothing is
   * remembered.
   * @param stamp taken before the reading
   */
  note(key: string, stamp: FileStamp, value: Value | undefined): void;
  /** Forgets all other keys, so that no more is held in memory than there is. */
  keepOnly(keys: readonly string[]): void;
}

/** An empty memory. */
export function createStampedMemory<Value>(): StampedMemory<Value> {
  const known = new Map<string, { readonly stamp: string; readonly value: Value }>();
  return {
    recall(key, { text }) {
      const last = known.get(key);
      return last?.stamp === text ? last.value : undefined;
    },
    note(key, { text, settled }, value) {
      if (settled && value !== undefined) known.set(key, { stamp: text, value });
      else known.delete(key);
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
