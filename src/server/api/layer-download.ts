// The bytes of a layer on their way to a client: made as they are sent, checked as far as that can be.
import { createHash } from "node:crypto";
import type { Image } from "../../graph/index.js";
import { archiveLayer, canonicalTar, type XzEngine } from "../../layer/index.js";
import { type RecipeName, StevedoreError } from "../../terms/index.js";

/** Compressors of one download: the fewest there can be, for the workers' jobs need the cores. */
const threads = 2;

interface Wanted {
  readonly image: Image;
  /** Undefined for the canonical tar itself. */
  readonly archive: { readonly recipe: RecipeName; readonly engine: XzEngine } | undefined;
  /** What the layer's canonical tar hashes to, where that is known. */
  readonly tarDigest: string | undefined;
}

/**
 * Yields the bytes, which end only if all went well; a reader that stops early ends the tools.
 * @param onDigest told the sha256 of all that was yielded, before the end
 * @throws `CHECKSUM_MISMATCH` if the layer is not any more what its checksum was computed of; `INTERNAL` if it cannot
 * be read or changes meanwhile; `TOOL_MISSING`, `NO_SPACE`, `CANCELLED`
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
  const chunks =
    archive === undefined ? source.tarChunks : archiveLayer(source, { ...archive, threads }, signal);
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
