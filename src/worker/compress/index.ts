// Compressing layers block by block.
export {
  type BlockCounts,
  type CompressorPool,
  type LayerCompressor,
  openCompressorPool,
} from "./compressor-pool.js";
export { DistrustedBlocks } from "./layer-blocks.js";
export { type Offload, openOffload } from "./offload.js";
