// The log of a recorded disk, and the states in which a power cut may leave the disk by it: all that was written before the
// last flush, and of what was written since any part, in any order, as a disk's own cache may lose it.
import { closeSync, fstatSync, openSync, readSync, writeSync } from "node:fs";
import { shell } from "../../support/processes/shell.js";
import type { SeededRandom } from "../../support/seeded-random.js";
import { sectorBytes } from "./recorded-disk.js";

/** As recorder.c writes them. */
const kinds = ["", "write", "flush", "zero"] as const;
const headBytes = 32;

export interface LogRecord {
  readonly kind: "write" | "flush" | "zero";
  /** Where on the disk. */
  readonly offset: number;
  readonly length: number;
  /** Where in the log its bytes are. */
  readonly at: number;
  /** Where in the log it ends: it had happened when the log was as long. */
  readonly end: number;
}

/** Reads the heads of all records of a log that nobody writes any more. */
export function readWriteLog(log: string): LogRecord[] {
  const descriptor = openSync(log, "r");
  const { size } = fstatSync(descriptor);
  const head = Buffer.alloc(headBytes);
  const records: LogRecord[] = [];
  for (let at = 0; at < size; ) {
    readSync(descriptor, head, 0, headBytes, at);
    const kind = kinds[Number(head.readBigUInt64LE(0))];
    if (!kind) throw new Error(`${log} has no record at ${at}`);
    const [offset, length] = [Number(head.readBigUInt64LE(8)), Number(head.readBigUInt64LE(16))];
    at += headBytes;
    const end = kind === "write" ? at + length : at;
    records.push({ kind, offset, length, at, end });
    at = end;
  }
  closeSync(descriptor);
  return records;
}

/** What a cut has kept of the writes since the last flush, in sectors. */
export interface Kept {
  readonly kept: number;
  readonly dropped: number;
}

export interface CutDisk {
  /**
   * Writes the disk as it may be found when the power goes at a position of the log. Positions must ascend.
   * @param image the file that will be the disk
   */
  cut(position: number, image: string, random: SeededRandom): Promise<Kept>;
  close(): void;
}

/**
 * Opens a log for its cuts.
 * @param durable a file that will hold what was flushed
 */
export async function openCutDisk(log: string, bytes: number, durable: string): Promise<CutDisk> {
  const records = readWriteLog(log);
  await shell(`truncate -s ${bytes} ${durable}`);
  const [source, target] = [openSync(log, "r"), openSync(durable, "r+")];
  let done = 0;

  /** Writes a part of a record to a disk. */
  const apply = ({ kind, offset, at }: LogRecord, into: number, from: number, length: number) => {
    const part = Buffer.alloc(length);
    if (kind === "write") readSync(source, part, 0, length, at + from);
    writeSync(into, part, 0, length, offset + from);
  };
  return {
    async cut(position, image, random) {
      const count = records.findIndex(({ end }) => end > position);
      const before = count === -1 ? records : records.slice(0, count);
      const flushed = before.findLastIndex(({ kind }) => kind === "flush");
      for (; done < flushed; done++) {
        const record = before[done] as LogRecord;
        if (record.kind !== "flush") apply(record, target, 0, record.length);
      }
      await shell(`cp --sparse=auto ${durable} ${image}`);
      const disk = openSync(image, "r+");
      const unit = random.pick(["request", "sector"] as const);
      const share = random.pick([0, 0.1, 0.5, 0.9, 1]);
      const sums = { kept: 0, dropped: 0 };
      for (const record of before.slice(flushed + 1)) {
        const step = unit === "request" ? record.length : sectorBytes;
        for (let from = 0; from < record.length; from += step) {
          const length = Math.min(step, record.length - from);
          const isKept = random.chance(share);
          if (isKept) apply(record, disk, from, length);
          sums[isKept ? "kept" : "dropped"] += length / sectorBytes;
        }
      }
      closeSync(disk);
      return sums;
    },
    close() {
      closeSync(source);
      closeSync(target);
    },
  };
}
