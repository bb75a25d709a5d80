// Compresses the blocks of the layers of all jobs at work, by the threads that they share and by compressors elsewhere.
import { openTurns } from "../../disk/index.js";
import type { LayerBlocks } from "../../graph/index.js";
import type { BlockCompressor, XzBlock } from "../../layer/index.js";
import { openTurnsByUrgency, takeEither, type Urgency, type UrgentWork } from "../turns.js";
import { type BlockMakers, type Offer, openLayerBlocks } from "./layer-blocks.js";

/** A layer that is compressed. */
interface CompressedLayer {
  /** The estimated size of its tar, in bytes. */
  readonly layerBytes: number;
  readonly urgency: Urgency;
  /** The blocks of the layer that are kept. Default: none are. */
  readonly kept?: LayerBlocks<XzBlock> | undefined;
  /** That blocks may be left to compressors. Default: they are made here alone. */
  readonly offer?: Offer | undefined;
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
  /**
   * Resolves when it is certain that the blocks of compressors are what they must be. With `DistrustedBlocks`, which
   * `compress` throws too, the layer has to be compressed anew.
   * @throws `DistrustedBlocks`
   */
  checked(): Promise<void>;
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

/** Makes the pool of a worker. */
export function openCompressorPool(makers: BlockMakers): CompressorPool {
  const { cpu, offload } = makers;
  const rooms = openTurnsByUrgency(() => cpu.threads * blocksPerThread + offload.limit());
  offload.onLimit(rooms.serve);
  return {
    open({ layerBytes, urgency, kept, offer, onProgress }) {
      let compressed = 0;
      let total = 0;
      let reused = 0;
      // Without a room of its own a layer would wait for others that are read slowly.
      const ownRoom = openTurns(1);
      const work: UrgentWork = { urgency, remaining: () => layerBytes - compressed };
      const layer = openLayerBlocks(makers, work, offer);
      return {
        blocks: () => ({ total, reused, remote: layer.remote() }),
        inputEnded: layer.inputEnded,
        checked: layer.checked,
        room: (signal) => takeEither<Disposable>([ownRoom, (either) => rooms.take(work, 1, either)], signal),
        async compress(input, settings, signal) {
          total++;
          const make = () => layer.make(input, settings, signal);
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
