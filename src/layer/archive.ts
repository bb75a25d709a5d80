// A layer as the archive of a recipe: the bytes that its checksum hashes behind the record.
import { tools } from "../host/index.js";
import { type BsdtarRecipe, type RecipeName, recipes } from "../terms/index.js";
import { toolOutput } from "./tool-output.js";
import { type BlockCompressor, compressXz } from "./xz/index.js";

export interface ArchiveSource {
  readonly layerDirectory: string;
  /** The layer's canonical tar. Only the xz recipes read it: bsdtar reads the directory. */
  readonly tarChunks: AsyncIterable<Buffer>;
}

export interface ArchiveSettings {
  readonly recipe: RecipeName;
  /** Compresses the blocks of an xz recipe. */
  readonly compressor: BlockCompressor;
}

/**
 * Yields the archive of a recipe, as fast as it is read and the compressor has room; a reader that stops early ends the tools.
 * @throws the error of `tarChunks`; `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, `INTERNAL`
 */
export function archiveLayer(
  { layerDirectory, tarChunks }: ArchiveSource,
  { recipe, compressor }: ArchiveSettings,
  signal?: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const settings = recipes[recipe];
  if (settings.archiver === "tar | xz") {
    return compressXz(tarChunks, settings, compressor, signal);
  }
  // The locale decides how bsdtar writes names that are not ASCII, and Docker ran it in its own.
  const bsdtar = { keepLocale: true, isBackground: true, signal };
  return toolOutput(tools.bsdtar, bsdtarArguments(settings, layerDirectory), bsdtar);
}

/** The arguments of bsdtar for a recipe's archive of a layer, on stdout. */
export function bsdtarArguments({ flags }: BsdtarRecipe, layerDirectory: string): string[] {
  return ["-f", "-", "-C", layerDirectory, flags, "."];
}
