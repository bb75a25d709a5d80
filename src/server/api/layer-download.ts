// Makes the bytes of a layer for a download while they are sent, and checks them as far as that is possible.
import { createHash } from "node:crypto";
import type { Image } from "../../graph/index.js";
import { archiveLayer, type BlockCompressor, canonicalTar } from "../../layer/index.js";
import { type RecipeName, StevedoreError } from "../../terms/index.js";

interface Wanted {
  readonly image: Image;
  /** Undefined for the canonical tar itself. */
  readonly archive: { readonly recipe: RecipeName; readonly compressor: BlockCompressor } | undefined;
  /** The digest of the layer's canonical tar, if it is known. */
  readonly tarDigest: string | undefined;
}

/**
 * Yields the bytes, and ends only if all went well. A reader that stops early ends the tools.
 * @param onDigest called before the end with the sha256 of all that was yielded
 * @throws `CHECKSUM_MISMATCH` if the layer is no longer the one whose checksum was computed; `INTERNAL` if it cannot be
 * read or changes meanwhile; `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`
 */
export async function* layerBytes(
  { image: { id, layerDirectory }, archive, tarDigest }: Wanted,
  onDigest: (digest: Buffer) => void,
  signal: AbortSignal,
): AsyncGenerator<Buffer, void, undefined> {
  const sent = createHash("sha256");
  const tar = createHash("sha256");
  let tarEnded = false;
  async function* tarChunks() {
    for await (const chunk of canonicalTar(layerDirectory, signal)) {
      tar.update(chunk);
      yield chunk;
    }
    tarEnded = true;
  }
  const source = { layerDirectory, tarChunks: tarChunks() };
  const chunks = archive === undefined ? source.tarChunks : archiveLayer(source, archive, signal);
  for await (const chunk of chunks) {
    if (archive !== undefined) sent.update(chunk);
    yield chunk;
  }
  const ofTar = tar.digest();
  // bsdtar makes its archive without the canonical tar.
  if (tarEnded && tarDigest !== undefined && `sha256:${ofTar.toString("hex")}` !== tarDigest) {
    throw new StevedoreError(
      "CHECKSUM_MISMATCH",
      `the layer of image ${id} has the tar digest sha256:${ofTar.toString("hex")}, but ${tarDigest} is stored`,
    );
  }
  onDigest(archive === undefined ? ofTar : sent.digest());
}
