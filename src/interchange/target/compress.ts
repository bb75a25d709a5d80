// Compresses exported layers. The options are fixed, so that the same version of a
// program gives the same bytes on every host.
import { type Tool, tools } from "../../host/index.js";
import { type BlockCompressor, compressXz, toolOutput } from "../../layer/index.js";
import { defaultRecipe, type LayerCompression, recipes } from "../../terms/index.js";

export type { LayerCompression };

/** What a layer is compressed by. */
export interface Compressor {
  /** How many threads a program may use, which does not change the bytes; gzip uses one. */
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
  const [tool, args] = programs[compression](threads);
  return toolOutput(tool, args, { input, isBackground: true, signal });
}

/**
 * The programs with their arguments. `zstd --single-thread` gives other bytes than several threads do; `zstd -T1` is the
 * smallest number that does not.
 */
const programs: Readonly<
  Record<Exclude<LayerCompression, "none" | "xz">, (threads: number) => readonly [Tool, readonly string[]]>
> = {
  gzip: () => [tools.gzip, ["-n", "-6"]],
  zstd: (threads) => [tools.zstd, ["-q", "-3", `-T${threads}`]],
};
