// Compresses one block for the worker that owns it: reads it from Redis, and writes there what it becomes.
import { createHash } from "node:crypto";
import { type CompressResult, parseCompressData, payloadExpiry, payloadKeys } from "../../jobs/index.js";
import type { XzEngine } from "../../layer/index.js";
import type { Payloads } from "../../redis/index.js";
import { recipes, StevedoreError, throwIfAborted } from "../../terms/index.js";

/** What a compressor compresses with. */
export interface BlockWorkshop {
  /** The compressor's own. */
  readonly id: string;
  readonly engine: XzEngine;
  readonly payloads: Payloads;
  /** Waits until one more block may be in memory. @throws `CANCELLED` */
  room(signal: AbortSignal): Promise<Disposable>;
  /** Waits for one of the threads of the process. @throws `CANCELLED` */
  slot(signal: AbortSignal): Promise<Disposable>;
  /** Told of a block that was compressed. */
  compressed(bytesIn: number, bytesOut: number): void;
}

/**
 * Compresses the block of a job. No key of Redis is read or written before the job's data has been checked, and then the
 * block's own two alone.
 * @throws `INVALID_JOB` and `UNKNOWN_RECIPE` for data that breaks the contract; `SOURCE_NOT_FOUND` for a block that has
 * expired, or was taken back; `SOURCE_MISMATCH` for one of other bytes; what the engine and Redis throw; `CANCELLED`
 */
export async function compressBlock(
  graphName: string,
  jobData: unknown,
  { id, engine, payloads, room, slot, compressed }: BlockWorkshop,
  signal: AbortSignal,
): Promise<CompressResult> {
  const { key, length, recipe, digest } = parseCompressData(graphName, jobData);
  const { input, output } = payloadKeys(key);
  using _room = await room(signal);
  // Asked before it is read: it may be of any size.
  const there = await payloads.length(input);
  if (there === 0) throw gone();
  if (there !== length) throw mismatch(`the block has ${there} bytes, not ${length}`);
  const data = await payloads.get(input);
  if (data === undefined) throw gone();
  if (sha256(data) !== digest) throw mismatch("the block has another sha256 than its job tells");
  throwIfAborted(signal);
  const compress = async () => {
    using _slot = await slot(signal);
    return await engine.compress({ data, digest }, recipes[recipe], signal);
  };
  const { bytes } = await compress();
  throwIfAborted(signal);
  // An owner who no longer waits has removed the block, and would not remove what comes later.
  if (!(await payloads.setBeside(input, output, bytes, payloadExpiry))) throw gone();
  compressed(data.length, bytes.length);
  return { length: bytes.length, digest: sha256(bytes), compressor: id, version: engine.version };
}

function gone(): StevedoreError {
  return new StevedoreError(
    "SOURCE_NOT_FOUND",
    "the block is not in Redis: it has expired, or was taken back",
  );
}

function mismatch(message: string): StevedoreError {
  return new StevedoreError("SOURCE_MISMATCH", message);
}

function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
