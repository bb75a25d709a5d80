// Facts about a layer, measured once and kept beside it in `layer.json`.
import { lstatSync } from "node:fs";
import { imageEntries, ioError, readPlainFile, replaceFile, withLock } from "../../disk/index.js";
import { findRecords } from "../../host/index.js";
import { isErrno } from "../../terms/index.js";
import { openLayerSum } from "./layer-sum.js";
import { measureSmallLayer } from "./small-layer.js";

/** What is found by walking over a layer. */
export interface LayerSize {
  /** The apparent sizes of its regular files in bytes, a file of several names counted once. */
  readonly layerBytes: number;
  /** The names below the layer's root. */
  readonly entries: number;
  /** Those that delete something of the layers below: `.wh.NAME` and `.wh..wh..opq` files. */
  readonly whiteouts: number;
}

/** The content of `layer.json`. */
export interface LayerFacts extends LayerSize {
  /** Digest of the decompressed archive that the layer came as (the OCI diffID). */
  readonly diffId?: string | undefined;
  /**
   * Of a layer that came as an archive: whether that can be made again, byte for byte, by the layer and its tar-split.
   */
  readonly lossless?: boolean | undefined;
  /** The job that stored the image, which knows its own work by it after a crash. */
  readonly jobId?: string | undefined;
}

/**
 * What `layer.json` says of a layer that is there; undefined if it says nothing, or there is no such layer. The
 * image's record is not read, which would take longer than the rest of it.
 */
export function knownLayerFacts(image: { directory: string; layer: string }): LayerFacts | undefined {
  const facts = readFacts(factsPath(image.directory));
  if (facts === undefined) return undefined;
  return lstatSync(image.layer, { throwIfNoEntry: false })?.isDirectory() ? facts : undefined;
}

/**
 * What `layer.json` says, or else what the layer itself says, written down if that can be done.
 * @param keepSoon takes what was measured of an image that has no file for it; by default it is written at once
 */
export async function readLayerFacts(
  image: { readonly directory: string; readonly layerDirectory: string },
  signal?: AbortSignal | undefined,
  keepSoon?: ((imageDirectory: string, facts: LayerFacts) => Promise<void>) | undefined,
): Promise<LayerFacts> {
  const path = factsPath(image.directory);
  const known = readFacts(path);
  if (known !== undefined) return known;
  const measured = await measureAny(image.layerDirectory, signal);
  if (keepSoon !== undefined && lstatSync(path, { throwIfNoEntry: false }) === undefined) {
    await keepSoon(image.directory, measured);
    return measured;
  }
  // On a read-only root, a full disk or without permission it is measured again the next time.
  await withLock(image.directory, () => replaceFile(path, formatLayerFacts(measured)), signal).catch(
    () => undefined,
  );
  return measured;
}

/** In this process if it is small. */
async function measureAny(layerDirectory: string, signal: AbortSignal | undefined): Promise<LayerSize> {
  let measured: LayerSize | undefined;
  try {
    measured = await measureSmallLayer(layerDirectory, signal);
  } catch (error) {
    throw ioError(error, `the layer ${layerDirectory} cannot be measured`);
  }
  return measured ?? measureLayer(layerDirectory, signal);
}

/** Where an image keeps the facts about its layer. */
export function factsPath(imageDirectory: string): string {
  return `${imageDirectory}/${imageEntries.facts}`;
}

/** Where an image keeps the tar-split of a layer that is lossless. */
export function splitPath(imageDirectory: string): string {
  return `${imageDirectory}/${imageEntries.split}`;
}

/** The text of a `layer.json`. */
export function formatLayerFacts(facts: LayerFacts): string {
  const { diffId, lossless, layerBytes, entries, whiteouts, jobId } = facts;
  return JSON.stringify({ diffId, lossless, layerBytes, entries, whiteouts, jobId });
}

/** Reads the content of a `layer.json`, undefined for what is not a file. Returns undefined for facts that are not valid. */
export function parseLayerFacts(bytes: Buffer | undefined): LayerFacts | undefined {
  try {
    const facts: Record<string, unknown> = JSON.parse(bytes?.toString() ?? "");
    const { diffId, lossless, layerBytes, entries, whiteouts, jobId } = facts;
    if (!isCount(layerBytes) || !isCount(entries) || !isCount(whiteouts)) return undefined;
    return {
      ...(typeof diffId === "string" ? { diffId } : {}),
      ...(typeof lossless === "boolean" ? { lossless } : {}),
      layerBytes,
      entries,
      whiteouts,
      ...(typeof jobId === "string" ? { jobId } : {}),
    };
  } catch (error) {
    // A TypeError for `null`.
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/**
 * Walks over a layer, of any size.
 * @throws `INTERNAL` for a layer that cannot be read, `TOOL_MISSING`, `CANCELLED`
 */
export async function measureLayer(
  layerDirectory: string,
  signal?: AbortSignal | undefined,
): Promise<LayerSize> {
  // Type, links, inode, bytes, then the base name.
  const names = findRecords([layerDirectory], ["-mindepth", "1"], "%y %n %i %s %f", signal);
  const sum = openLayerSum();
  for await (const records of names) {
    for (const record of records) {
      const [kind, nlink = "", ino = "", size = "", ...name] = record.split(" ");
      const file = kind === "f" ? { nlink: BigInt(nlink), ino: BigInt(ino), size: BigInt(size) } : undefined;
      sum.add(name.join(" "), file);
    }
  }
  return sum.size();
}

/** Reads a `layer.json`; undefined if there is none, or its facts are not valid: the layer can be measured anew. */
function readFacts(path: string): LayerFacts | undefined {
  try {
    return parseLayerFacts(readPlainFile(path));
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw ioError(error, `${path} cannot be read`);
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
