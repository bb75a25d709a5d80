// Keeps what was read from a path for as long as the path's times prove that nothing has changed.
import type { BigIntStats } from "node:fs";
import { stat } from "node:fs/promises";
import { isErrno } from "../error.js";
import { ioError } from "./io-error.js";

/**
 * The kernel stamps changes with a clock that moves once a tick (1 to 10 ms, kernel doc timekeeping.rst, coarse
 * clocks): two changes of one tick look like one. What was read at least this long after the last change cannot
 * be followed by another of the same stamp.
 */
const settledAfterMs = 20;

/**
 * A function that answers `load()`, which reads `path`, and remembers the answer until the path changes.
 * A path that does not exist is answered by `absent`.
 */
export function cachedRead<T>(path: string, load: () => Promise<T>, absent: T): () => Promise<T> {
  let last: { readonly stamp: string; readonly settled: boolean; readonly value: Promise<T> } | undefined;
  return async () => {
    const now = Date.now();
    const stats = await statIfAny(path);
    if (stats === undefined) return absent;
    const stamp = [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join();
    if (last?.settled && last.stamp === stamp) return last.value;
    const settled = now - Number(stats.ctimeNs / 1_000_000n) > settledAfterMs;
    const reading = { stamp, settled, value: load() };
    last = reading;
    try {
      return await reading.value;
    } catch (error) {
      if (last === reading) last = undefined;
      throw error;
    }
  };
}

async function statIfAny(path: string): Promise<BigIntStats | undefined> {
  try {
    return await stat(path, { bigint: true });
  } catch (error) {
    if (isErrno(error, "ENOENT")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
}
