// Writes a layer as a blob: the tar that it came as, or its canonical tar, compressed or not. The digests are computed in
// the same pass.
import { createHash } from "node:crypto";
import {
  assembleArchive,
  canonicalTar,
  type Digest,
  digestLayer,
  passThrough,
  readSteadily,
} from "../../layer/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { BodyWriter } from "./file-writer.js";

/** The blob of a layer. */
export interface LayerBlob {
  /** The digest of the tar, before compression. */
  readonly diffId: Digest;
  /** The digest of the blob. */
  readonly digest: Digest;
  /** The size of the blob, in bytes. */
  readonly size: number;
}

/** The tar that a layer came as. */
export interface OriginalTar {
  readonly splitPath: string;
  readonly diffId: string;
}

interface LayerRequest {
  readonly layerDirectory: string;
  /** Undefined for the canonical tar. */
  readonly original: OriginalTar | undefined;
  /** Compresses the tar; undefined to write it as it is. Fails by itself when the signal aborts. */
  readonly compress: ((tar: AsyncIterable<Buffer>) => AsyncIterable<Buffer>) | undefined;
  /** Called with the bytes of the tar that were read so far. They start anew when the layer is read again. */
  readonly onProgress: (tarBytes: number) => void;
}

/**
 * Writes the blob of a layer. A layer that changes while its canonical tar is made is read again, up to three times in all.
 * @throws `CHECKSUM_MISMATCH` if it changed each time, or if its tar is not the one that it came as; `IMAGE_BROKEN` if its
 * tar-split is damaged; `INTERNAL` if it cannot be read; `NO_SPACE`, `TOOL_MISSING`, `CANCELLED`
 */
export async function writeLayerBlob(
  request: LayerRequest,
  body: BodyWriter,
  signal?: AbortSignal | undefined,
): Promise<LayerBlob> {
  const { layerDirectory, original } = request;
  if (original !== undefined) {
    const blob = await writeOnce(request, body, signal);
    if (blob.diffId === original.diffId) return blob;
    throw new StevedoreError(
      "CHECKSUM_MISMATCH",
      `the tar of ${layerDirectory} has the digest ${blob.diffId}, but it came as ${original.diffId}`,
    );
  }
  const isSame = async ({ diffId }: LayerBlob) =>
    (await digestLayer(layerDirectory, signal)).tarDigest === diffId;
  return await readSteadily(
    layerDirectory,
    () => writeOnce(request, body, signal),
    async (blob, hasChanged) => !(await hasChanged()) || (await isSame(blob)),
    signal,
  );
}

async function writeOnce(
  { layerDirectory, original, compress, onProgress }: LayerRequest,
  body: BodyWriter,
  signal: AbortSignal | undefined,
): Promise<LayerBlob> {
  body.rewind();
  const ofTar = createHash("sha256");
  let tarBytes = 0;
  const archive =
    original === undefined
      ? canonicalTar(layerDirectory, signal)
      : assembleArchive({ layerDirectory, splitPath: original.splitPath }, signal);
  const tar = passThrough(archive, (chunk) => {
    ofTar.update(chunk);
    tarBytes += chunk.length;
    onProgress(tarBytes);
  });
  if (compress === undefined) {
    for await (const chunk of tar) await body.write(chunk);
    const diffId: Digest = `sha256:${ofTar.digest("hex")}`;
    return { diffId, digest: diffId, size: tarBytes };
  }
  const ofBlob = createHash("sha256");
  let size = 0;
  for await (const chunk of compress(tar)) {
    ofBlob.update(chunk);
    size += chunk.length;
    await body.write(chunk);
  }
  return { diffId: `sha256:${ofTar.digest("hex")}`, digest: `sha256:${ofBlob.digest("hex")}`, size };
}
