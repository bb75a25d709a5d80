// Compresses the blocks of the layers of all jobs at work, by the threads that they share.
import { openTurns } from "../../disk/index.js";
import type { LayerBlocks } from "../../graph/index.js";
import type { BlockCompressor, XzBlock, XzEngine } from "../../layer/index.js";
import type { CpuBudget } from "../cpu-budget.js";
import { openTurnsByUrgency, takeEither, type Urgency, type UrgentWork } from "../turns.js";

/** A layer that is compressed. */
interface CompressedLayer {
  /** The estimated size of its tar, in bytes. */
  readonly layerBytes: number;
  readonly urgency: Urgency;
  /** The blocks of the layer that are kept. Default: none are. */
  readonly kept?: LayerBlocks<XzBlock> | undefined;
  /** Told how many bytes of the tar have been compressed so far, whenever a block is done. */
  readonly onProgress?: ((compressedBytes: number) => void) | undefined;
}

/** What became of the blocks of a layer. */
export interface BlockCounts {
  readonly total: number;
  /** Those that were there from an earlier try, or because another layer has the same. */
  readonly reused: number;
  /** Those that a compressor of another process made. */
  readonly remote: number;
}

/** The compressor of one layer. */
export interface LayerCompressor extends BlockCompressor {
  /** What became of the blocks so far. */
  blocks(): BlockCounts;
}

/** The compressors of a worker process. */
export interface CompressorPool {
  /** Makes the compressor of one layer, which holds nothing once its blocks are done. */
  open(layer: CompressedLayer): LayerCompressor;
}

/**
 * Blocks that may be in memory for each thread, beside the first of each layer: one that is compressed, and one that is
 * ready when that is done.
 */
const blocksPerThread = 2;

/**
 * Makes the pool of a worker.
 * @param engine the engine, once it is known to make the right bytes
 */
export function openCompressorPool(cpu: CpuBudget, engine: () => Promise<XzEngine>): CompressorPool {
  const rooms = openTurnsByUrgency(() => cpu.threads * blocksPerThread);
  return {
    open({ layerBytes, urgency, kept, onProgress }) {
      let compressed = 0;
      let total = 0;
      let reused = 0;
      // Without a room of its own a layer would wait for others that are read slowly.
      const ownRoom = openTurns(1);
      const work: UrgentWork = { urgency, remaining: () => layerBytes - compressed };
      return {
        blocks: () => ({ total, reused, remote: 0 }),
        room: (signal) => takeEither<Disposable>([ownRoom, (either) => rooms.take(work, 1, either)], signal),
        async compress(input, settings, signal) {
          total++;
          const make = async () => {
            const verified = await engine();
            using _thread = await cpu.takeOne(work, signal);
            return await verified.compress(input, settings, signal);
          };
          const { block, isReused } =
            kept === undefined
              ? { block: await make(), isReused: false }
              : await kept.readOrMake(input, make, signal);
          if (isReused) reused++;
          compressed += block.uncompressedSize;
          onProgress?.(compressed);
          return block;
        },
      };
    },
  };
}
