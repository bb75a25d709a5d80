// A process that compresses the blocks of others, and has no graph.
export { type CompressorOptions, type RunningCompressor, startCompressor } from "./compressor.js";
