// Tells whether what lies at a path is still what was read from it.
import { type BigIntStats, lstatSync, statSync } from "node:fs";
import { isErrno } from "../terms/index.js";
import { ioError } from "./io-error.js";

/**
 * The kernel stamps changes with a clock that moves once a tick (1 to 10 ms, kernel doc timekeeping.rst, coarse
 * clocks): two changes of one tick look like one. What was read at least this long after the last change cannot
 * be followed by another of the same stamp.
 */
const settledAfterMs = 20;

export interface FileStamp {
  /** Device, inode, size and times. */
  readonly text: string;
  /** True if what is read from now on changes only together with the stamp. */
  readonly settled: boolean;
}

/**
 * The stamp of what lies at a path now, to be taken before it is read; undefined if nothing lies there.
 * Synchronously: one system call is cheaper than its trip through the thread pool.
 */
export function readStamp(path: string): FileStamp | undefined {
  const now = Date.now();
  const stats = statIfAny(path);
  if (stats === undefined) return undefined;
  return stampOf(stats, now);
}

/** The stamp of what was looked at. @param now ms since the epoch, before the look */
export function stampOf({ dev, ino, size, mtimeNs, ctimeNs }: BigIntStats, now: number): FileStamp {
  return {
    text: `${dev},${ino},${size},${mtimeNs},${ctimeNs}`,
    settled: now - Number(ctimeNs / 1_000_000n) > settledAfterMs,
  };
}

/** The inode of a directory, by which it is known when it has been moved or replaced; undefined if it is not there. */
export function inodeOf(path: string): string | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })?.ino.toString();
}

function statIfAny(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch (error) {
    if (isErrno(error, "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
}
