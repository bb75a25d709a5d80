// A layer as the blob of an archive: its canonical tar, compressed or not, with its digests from the same pass.
import { createHash } from "node:crypto";
import { canonicalTar, type Digest, digestLayer, passThrough, readSteadily } from "../../layer/index.js";
import { compress, type LayerCompression } from "./compress.js";
import type { BodyWriter } from "./file-writer.js";

/** What a layer has become. */
export interface LayerBlob {
  /** The digest of the canonical tar, whatever became of it. */
  readonly diffId: Digest;
  /** Of what was written. */
  readonly digest: Digest;
  /** Its size in bytes. */
  readonly size: number;
}

export interface PourRequest {
  readonly layerDirectory: string;
  readonly compression: LayerCompression;
  /** How many the compressor may use. */
  readonly threads: number;
  /** Told how many bytes of the canonical tar were read so far; fewer than before when it is read anew. */
  readonly onProgress: (tarBytes: number) => void;
}

/**
 * Writes a layer. One that changed meanwhile is read again, three times in all.
 * @throws `CHECKSUM_MISMATCH` if it changed each time; `INTERNAL` if it cannot be read; `NO_SPACE`, `TOOL_MISSING`,
 * `CANCELLED`
 */
export async function writeLayerBlob(
  request: PourRequest,
  body: BodyWriter,
  signal?: AbortSignal | undefined,
): Promise<LayerBlob> {
  const { layerDirectory } = request;
  const isSame = async ({ diffId }: LayerBlob) =>
    (await digestLayer(layerDirectory, signal)).tarDigest === diffId;
  return await readSteadily(
    layerDirectory,
    () => pourOnce(request, body, signal),
    async (blob, hasChanged) => !(await hasChanged()) || (await isSame(blob)),
    signal,
  );
}

async function pourOnce(
  { layerDirectory, compression, threads, onProgress }: PourRequest,
  body: BodyWriter,
  signal: AbortSignal | undefined,
): Promise<LayerBlob> {
  body.rewind();
  const ofTar = createHash("sha256");
  let tarBytes = 0;
  const tar = passThrough(canonicalTar(layerDirectory, signal), (chunk) => {
    ofTar.update(chunk);
    tarBytes += chunk.length;
    onProgress(tarBytes);
  });
  if (compression === "none") {
    for await (const chunk of tar) await body.write(chunk);
    const diffId: Digest = `sha256:${ofTar.digest("hex")}`;
    return { diffId, digest: diffId, size: tarBytes };
  }
  const ofBlob = createHash("sha256");
  let size = 0;
  for await (const chunk of compress(tar, compression, threads, signal)) {
    ofBlob.update(chunk);
    size += chunk.length;
    await body.write(chunk);
  }
  return { diffId: `sha256:${ofTar.digest("hex")}`, digest: `sha256:${ofBlob.digest("hex")}`, size };
}
