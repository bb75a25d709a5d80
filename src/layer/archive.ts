// A layer as the archive of a recipe: the bytes that its checksum hashes behind the record.
import { tools } from "../host/index.js";
import { type BsdtarRecipe, type RecipeName, recipes } from "../terms/index.js";
import { toolOutput } from "./tool-output.js";
import type { XzEngine } from "./xz/index.js";

export interface ArchiveSource {
  readonly layerDirectory: string;
  /** The layer's canonical tar. Only the xz recipes read it: bsdtar reads the directory. */
  readonly tarChunks: AsyncIterable<Buffer>;
}

export interface ArchiveSettings {
  readonly recipe: RecipeName;
  /** How many blocks an xz recipe compresses at a time. */
  readonly threads: number;
  readonly engine: XzEngine;
}

/**
 * Yields the archive of a recipe, at the reader's pace; a reader that stops early ends the tools.
 * @throws the error of `tarChunks`; `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`, `INTERNAL`
 */
export function archiveLayer(
  { layerDirectory, tarChunks }: ArchiveSource,
  { recipe, threads, engine }: ArchiveSettings,
  signal?: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  const settings = recipes[recipe];
  if (settings.archiver === "tar | xz") {
    const { preset, blockSize } = settings;
    return engine.compress(tarChunks, { preset, blockSize, threads }, signal);
  }
  // The locale decides how bsdtar writes names that are not ASCII, and Docker ran it in its own.
  const bsdtar = { keepLocale: true, isBackground: true, signal };
  return toolOutput(tools.bsdtar, bsdtarArguments(settings, layerDirectory), bsdtar);
}

/** The arguments of bsdtar for a recipe's archive of a layer, on stdout. */
export function bsdtarArguments({ flags }: BsdtarRecipe, layerDirectory: string): string[] {
  return ["-f", "-", "-C", layerDirectory, flags, "."];
}
