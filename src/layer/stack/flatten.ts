// Writes a stack of layers out as one plain tree.
import { mkdir } from "node:fs/promises";
import { ioError } from "../../disk/index.js";
import { tools } from "../../host/index.js";
import { StevedoreError, throwIfAborted } from "../../terms/index.js";
import { assertKept, createPromises, findRefusedStat } from "../attributes/index.js";
import { canonicalEntryOptions } from "../canonical-tar.js";
import { extractionOptions } from "../extraction-options.js";
import { joinPath, listedPath, nameList, walkTar } from "../tar/index.js";
import { toolOutput } from "../tool-output.js";
import { stackRoot, walkStack } from "./layer-stack.js";

/**
 * Writes what is seen of a stack into an empty directory, with all attributes that a layer can hold. Where this
 * process is not root the files become its own.
 * @param layerDirectories the layers, topmost first
 * @throws `ATTRIBUTE_UNSUPPORTED` naming what the target's disk cannot keep, `INTERNAL`, `NO_SPACE`, `NEEDS_ROOT`,
 * `TOOL_MISSING`, `CANCELLED`; what was written stays
 */
export async function flattenLayers(
  layerDirectories: readonly string[],
  target: string,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const ofLayer = layerDirectories.map((directory) => ({
    directory,
    files: [] as string[],
    directories: [] as string[],
  }));
  try {
    ofLayer[0]?.directories.push("");
    for await (const { path, isDirectory, parts } of walkStack(stackRoot(layerDirectories))) {
      throwIfAborted(signal);
      ofLayer[parts[0].layer]?.[isDirectory ? "directories" : "files"].push(path);
      if (isDirectory) await mkdir(joinPath(Buffer.from(target), path));
    }
    for (const { directory, files } of ofLayer) await copyEntries(directory, target, files, {}, signal);
    // Directories come last, because every file that is written changes the time of its directory.
    for (const { directory, directories } of ofLayer)
      await copyEntries(directory, target, directories, {}, signal);
  } catch (error) {
    throw ioError(error, `the layers cannot be copied to ${target}`);
  }
}

/** Which extended attributes are copied, as globs. */
export interface CopyOptions {
  /** Further ones than those that a layer keeps. */
  readonly besides?: readonly string[] | undefined;
  /** Those of a layer that are not copied. */
  readonly leftOut?: readonly string[] | undefined;
}

/**
 * Copies single entries of a directory with their attributes, without what lies in them. A directory that is there
 * already gets the attributes.
 * @param paths latin1 strings relative to both, `""` for the directory itself
 * @throws as `flattenLayers`
 */
export async function copyEntries(
  from: string,
  to: string,
  paths: readonly string[],
  { besides = [], leftOut = [] }: CopyOptions = {},
  signal?: AbortSignal | undefined,
): Promise<void> {
  if (paths.length === 0) return;
  const list = nameList(from, paths);
  const more = besides.map((mask) => `--xattrs-include=${mask}`);
  const less = leftOut.map((mask) => `--xattrs-exclude=${mask}`);
  const args = [...canonicalEntryOptions, ...more, ...less, ...list.args];
  const archive = toolOutput(tools.tar, args, { input: list.input, signal });
  const ownership = process.geteuid?.() === 0 ? "kept" : "squashed";
  const promises = createPromises(ownership);
  const walk = walkTar(
    {
      entry(walked) {
        const { entry } = walked;
        const target = entry.kind === "hardlink" ? entry.target : "";
        promises.take(walked, { name: listedPath(entry.name), target, isHeld: false });
      },
    },
    { isOwn: true },
  );
  async function* noted() {
    for await (const chunk of archive) {
      walk.accept(chunk);
      yield chunk;
    }
  }
  try {
    const extraction = [...extractionOptions(to, ownership), ...more];
    for await (const _ of toolOutput(tools.tar, extraction, { input: noted(), signal }));
  } catch (error) {
    const isOfTar = walk.ended && error instanceof StevedoreError && error.code === "INTERNAL";
    throw (isOfTar && findRefusedStat(to, promises)) || error;
  }
  await assertKept(to, promises, signal);
}
