// Keeps what was read from a path for as long as the path's stamp proves that nothing has changed.
import { shareRuns } from "./concurrency.js";
import { readStamp } from "./file-stamp.js";

/**
 * A function that answers `load()`, which reads `path`, and remembers the answer until the path changes.
 * A path that does not exist is answered by `absent`. While one reading is under way, all who cannot be answered
 * by it share the next: however many ask, no more than one is under way.
 */
export function cachedRead<T>(path: string, load: () => Promise<T>, absent: T): () => Promise<T> {
  let last: { readonly stamp: string; readonly value: Promise<T> } | undefined;

  async function read(): Promise<T> {
    const stamp = readStamp(path);
    if (stamp === undefined) return absent;
    if (last?.stamp === stamp.text) return last.value;
    const value = load();
    last = stamp.settled ? { stamp: stamp.text, value } : undefined;
    try {
      return await value;
    } catch (error) {
      if (last?.value === value) last = undefined;
      throw error;
    }
  }

  const readNext = shareRuns(read);
  return async () => {
    if (last !== undefined && last.stamp === readStamp(path)?.text) return last.value;
    return readNext();
  };
}
