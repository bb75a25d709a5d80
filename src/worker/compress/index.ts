// Compressing layers block by block.
export {
  type BlockCounts,
  type CompressorPool,
  type LayerCompressor,
  openCompressorPool,
} from "./compressor-pool.js";
