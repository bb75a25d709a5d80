// Compressors of blocks for tests: an engine and some threads.
import {
  type BlockCompressor,
  chooseXzEngine,
  engineCompressor,
  type XzEngine,
} from "../../src/layer/index.js";

/** Opens compressors that have an engine for themselves. */
export function byEngine(engine: XzEngine, threads = 2): () => BlockCompressor {
  return () => engineCompressor(engine, threads);
}

/** The engine of this host, chosen when the first block comes. */
export const hostEngine: XzEngine = {
  name: "xz",
  version: "of this host",
  compress: async (input, settings, signal) => (await chooseXzEngine()).compress(input, settings, signal),
};
