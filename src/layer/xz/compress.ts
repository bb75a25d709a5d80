// Compresses a stream in blocks: cuts it, has the blocks compressed wherever there is room, and puts them together again.
import { createHash, type Hash } from "node:crypto";
import { setMaxListeners } from "node:events";
import { openTurns } from "../../disk/index.js";
import { throwIfAborted } from "../../terms/index.js";
import type { BlockInput, XzBlock, XzSettings } from "./block.js";
import type { XzEngine } from "./engine.js";
import { xzStream } from "./stream.js";

/** Who compresses the blocks of one stream. */
export interface BlockCompressor {
  /**
   * Waits until one more block may be held in memory: its input, and then its bytes until they are passed on.
   * @throws `CANCELLED`
   */
  room(signal: AbortSignal): Promise<Disposable>;
  /** Compresses a block. Several may be under way at a time. @throws `CANCELLED`, `NO_SPACE`, `INTERNAL` */
  compress(input: BlockInput, settings: XzSettings, signal: AbortSignal): Promise<XzBlock>;
  /** Told when all blocks of the stream are under way: there will be no more. */
  inputEnded?(): void;
}

/** What is read of a block so far. */
interface Piece {
  readonly room: Disposable;
  readonly chunks: Buffer[];
  size: number;
  readonly hash: Hash;
}

/** A block that is being compressed. */
interface Pending {
  readonly block: Promise<XzBlock>;
  readonly room: Disposable;
}

/**
 * Yields the .xz stream of `input`, which must itself fail when `signal` aborts: what `xz -T2` with the same settings
 * makes of it. `input` is read as fast as there is room.
 * @throws the error of `input` or of the compressor; all that is under way has ended then, as after a reader that
 * stopped early
 */
export async function* compressXz(
  input: AsyncIterable<Buffer>,
  settings: XzSettings,
  compressor: BlockCompressor,
  signal?: AbortSignal | undefined,
): AsyncGenerator<Buffer, void, undefined> {
  const stop = new AbortController();
  const stopped = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  // Each block that waits listens.
  setMaxListeners(0, stopped);
  yield* xzStream(compressInOrder(input, settings, compressor, stop, stopped));
}

async function* compressInOrder(
  input: AsyncIterable<Buffer>,
  settings: XzSettings,
  compressor: BlockCompressor,
  stop: AbortController,
  signal: AbortSignal,
): AsyncGenerator<XzBlock, void, undefined> {
  const pending: Pending[] = [];
  const underway = new Set<Promise<unknown>>();
  let hasEnded = false;
  let wake = () => {};
  let fail: (error: unknown) => void = () => {};
  // What fails does not wait for the blocks before it.
  const failed = new Promise<never>((_, reject) => {
    fail = reject;
  });
  failed.catch(() => undefined);
  const read = async () => {
    for await (const { room, next } of cut(input, settings.blockSize, compressor, signal)) {
      const block = compressor.compress(next, settings, signal);
      const ended: Promise<unknown> = block.then(
        () => underway.delete(ended),
        (error: unknown) => {
          underway.delete(ended);
          fail(error);
        },
      );
      underway.add(ended);
      pending.push({ block, room });
      wake();
    }
    hasEnded = true;
    compressor.inputEnded?.();
    wake();
  };
  const reading = read().catch(fail);
  try {
    for (;;) {
      const next = pending.shift();
      if (next !== undefined) {
        using _room = next.room;
        yield await Promise.race([next.block, failed]);
      } else if (hasEnded) {
        return;
      } else {
        const change = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await Promise.race([change, failed]);
      }
    }
  } finally {
    stop.abort();
    await Promise.allSettled([reading, ...underway]);
    for (const { room } of pending) room[Symbol.dispose]();
  }
}

/** Cuts `input` into blocks. There is room for each before its first byte is kept. */
async function* cut(
  input: AsyncIterable<Buffer>,
  blockSize: number,
  compressor: BlockCompressor,
  signal: AbortSignal,
): AsyncGenerator<{ readonly next: BlockInput; readonly room: Disposable }, void, undefined> {
  let piece: Piece | undefined;
  try {
    for await (const chunk of input) {
      for (let rest = chunk; rest.length > 0; ) {
        throwIfAborted(signal);
        piece ??= { room: await compressor.room(signal), chunks: [], size: 0, hash: createHash("sha256") };
        const part = rest.subarray(0, blockSize - piece.size);
        piece.chunks.push(part);
        piece.size += part.length;
        piece.hash.update(part);
        rest = rest.subarray(part.length);
        if (piece.size < blockSize) continue;
        const { room } = piece;
        const next = inputOf(piece);
        piece = undefined;
        yield { next, room };
      }
    }
    if (piece === undefined) return;
    const { room } = piece;
    const next = inputOf(piece);
    piece = undefined;
    yield { next, room };
  } finally {
    piece?.room[Symbol.dispose]();
  }
}

function inputOf({ chunks, size, hash }: Piece): BlockInput {
  return { data: Buffer.concat(chunks, size), digest: hash.digest("hex") };
}

/** A compressor that has so many blocks compressed by `engine` at a time, for one stream or several. */
export function engineCompressor(engine: XzEngine, threads: number): BlockCompressor {
  const turn = openTurns(threads);
  const room = openTurns(threads + 1);
  return {
    room,
    async compress(input, settings, signal) {
      using _turn = await turn(signal);
      return await engine.compress(input, settings, signal);
    },
  };
}
