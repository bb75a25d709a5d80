// Compresses layers that go out: by gzip and xz to the same bytes on every host, by zstd as far as its version is the same.
import { tools } from "../../host/index.js";
import { type BlockCompressor, compressXz, toolOutput } from "../../layer/index.js";
import { defaultRecipe, type LayerCompression, recipes } from "../../terms/index.js";
import { gzipBlocks } from "./gzip/index.js";

export type { LayerCompression };

/** What a layer is compressed by. */
export interface Compressor {
  /** How many threads gzip and zstd may use, which does not change the bytes. */
  readonly threads: number;
  /** Compresses the blocks of xz. */
  readonly blocks: BlockCompressor;
}

/**
 * Compresses `input` as fast as the result is read. `input` must fail by itself when `signal` aborts.
 * @throws the error of `input`; `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, `INTERNAL`
 */
export function compress(
  input: AsyncIterable<Buffer>,
  compression: Exclude<LayerCompression, "none">,
  { threads, blocks }: Compressor,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  if (compression === "xz") return compressXz(input, recipes[defaultRecipe], blocks, signal);
  if (compression === "gzip") return gzipBlocks(input, threads, signal);
  // `zstd --single-thread` gives other bytes than several threads do; `-T1` is the smallest number that does not.
  return toolOutput(tools.zstd, ["-q", "-3", `-T${threads}`], { input, isBackground: true, signal });
}
