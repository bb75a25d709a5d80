// A layer's digests: of its canonical tar, and by a recipe together with its record.
import { createHash, type Hash } from "node:crypto";
import { rm } from "node:fs/promises";
import type { RecipeName } from "../terms/index.js";
import { archiveLayer } from "./archive.js";
import { canonicalTar } from "./canonical-tar.js";
import { openManifestWriter } from "./manifest-file.js";
import { readSteadily } from "./steady-read.js";
import type { BlockCompressor } from "./xz/index.js";

/** `sha256:` and 64 lower-case hex characters. */
export type Digest = `sha256:${string}`;

export interface TarDigest {
  /** sha256 of the canonical tar. */
  readonly tarDigest: Digest;
  /** Size of the canonical tar in bytes. */
  readonly tarBytes: number;
}

export interface LayerChecksum extends TarDigest {
  /** sha256 of the record's bytes, a line feed, and the recipe's archive. */
  readonly checksum: Digest;
  /** Size of the recipe's archive in bytes. */
  readonly archiveBytes: number;
}

export interface ChecksumRequest {
  /** The image record exactly as it is on disk. */
  readonly recordBytes: Buffer;
  readonly layerDirectory: string;
  readonly recipe: RecipeName;
  /** Makes the compressor for the blocks of an xz recipe, anew each time the layer is read. */
  readonly openCompressor: () => BlockCompressor;
  /** Where to write the layer's manifest, made in the same pass. After an error the caller has to remove it. */
  readonly manifestPath?: string | undefined;
  /** Told how many bytes of the canonical tar have been read so far. */
  readonly onProgress?: ((tarBytesDone: number) => void) | undefined;
}

/**
 * Computes a layer's checksum and its tar digest in one pass over the disk (the recipe `docker` takes two). A layer
 * that changed meanwhile is read again, three times in all.
 * @throws `CHECKSUM_MISMATCH` if the layer changed each time; `INTERNAL` if it cannot be read; `TOOL_MISSING`,
 * `NO_SPACE`, `CANCELLED`.
 */
export async function checksumLayer(
  request: ChecksumRequest,
  signal?: AbortSignal | undefined,
): Promise<LayerChecksum> {
  const { layerDirectory, manifestPath } = request;
  const read = async () => {
    if (manifestPath !== undefined) await rm(manifestPath, { force: true });
    return await readOnce(request, signal);
  };
  const isSame = async ({ tarDigest }: LayerChecksum) =>
    (await digestLayer(layerDirectory, signal)).tarDigest === tarDigest;
  const holds = async (result: LayerChecksum, hasChanged: () => Promise<boolean>) =>
    !(await hasChanged()) || (await isSame(result));
  return await readSteadily(layerDirectory, read, holds, signal);
}

async function readOnce(
  { recordBytes, layerDirectory, recipe, openCompressor, manifestPath, onProgress }: ChecksumRequest,
  signal: AbortSignal | undefined,
): Promise<LayerChecksum> {
  await using manifest = manifestPath === undefined ? undefined : await openManifestWriter(manifestPath);
  const tar = tally(createHash("sha256"));
  const see = (chunk: Buffer) => {
    tar.add(chunk);
    onProgress?.(tar.bytes());
    return manifest?.accept(chunk);
  };
  const tarChunks = passThrough(canonicalTar(layerDirectory, signal), see);
  const archive = tally(createHash("sha256").update(recordBytes).update("\n"));
  const source = { layerDirectory, tarChunks };
  for await (const chunk of archiveLayer(source, { recipe, compressor: openCompressor() }, signal))
    archive.add(chunk);
  // bsdtar does not read the tar, so it is read here. Last, for the progress is told of the tar: it must not be at its
  // end while the slow part is still to come.
  for await (const _ of tarChunks);
  const tarDigest = tar.digest();
  await manifest?.finish(tarDigest);
  return {
    checksum: archive.digest(),
    tarDigest,
    tarBytes: tar.bytes(),
    archiveBytes: archive.bytes(),
  };
}

/**
 * Computes only a layer's tar digest, at the speed of the disk.
 * @throws as `checksumLayer`.
 */
export async function digestLayer(
  layerDirectory: string,
  signal?: AbortSignal | undefined,
): Promise<TarDigest> {
  return digestTar(canonicalTar(layerDirectory, signal));
}

/**
 * Computes the tar digest of a canonical tar. Throws what `chunks` throws.
 * @param onProgress told how many bytes of it have been read so far
 */
export async function digestTar(
  chunks: AsyncIterable<Buffer>,
  onProgress?: ((tarBytesDone: number) => void) | undefined,
): Promise<TarDigest> {
  const tar = tally(createHash("sha256"));
  for await (const chunk of chunks) {
    tar.add(chunk);
    onProgress?.(tar.bytes());
  }
  return { tarDigest: tar.digest(), tarBytes: tar.bytes() };
}

/** Passes chunks on unchanged, each after `see` has finished with it. */
export async function* passThrough(
  chunks: AsyncIterable<Buffer>,
  see: (chunk: Buffer) => Promise<void> | void,
): AsyncGenerator<Buffer, void, undefined> {
  for await (const chunk of chunks) {
    await see(chunk);
    yield chunk;
  }
}

/** Counts and hashes what it is given. */
function tally(hash: Hash) {
  let bytes = 0;
  return {
    add(chunk: Buffer): void {
      hash.update(chunk);
      bytes += chunk.length;
    },
    bytes: () => bytes,
    digest: (): Digest => `sha256:${hash.digest("hex")}`,
  };
}
