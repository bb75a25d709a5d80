// A layer as the archive of a recipe: the bytes that its checksum hashes behind the record.
import { tools } from "../host/index.js";
import { dockerTarArguments, type RecipeName, recipes } from "./recipe.js";
import { toolOutput } from "./tool-output.js";
import type { XzEngine } from "./xz/index.js";

export interface ArchiveSource {
  readonly layerDirectory: string;
  /** The layer's canonical tar. It is read for the xz recipes only: bsdtar looks at the directory itself. */
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
  if (settings.archiver === "tar | xz") return engine.compress(tarChunks, { ...settings, threads }, signal);
  // In this process's locale, as Docker ran it: it decides how bsdtar writes names that are not ASCII.
  const bsdtar = { keepLocale: true, isBackground: true, signal };
  return toolOutput(tools.bsdtar, dockerTarArguments(layerDirectory), bsdtar);
}
