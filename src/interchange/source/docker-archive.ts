// Reads the archives that `docker save` of 1.10 and later and skopeo write: a list of images, each with config and
// layers.
import { config, dockerManifest, type ImageConfig, manifestFile } from "../formats/index.js";
import { chainOf, diffIdsOf } from "./configured-image.js";
import type { Document, DocumentReader } from "./documents.js";
import { assertEnd, findNeeded } from "./files/index.js";
import { type LoadableImage, platformOf } from "./loadable-image.js";
import { readNames } from "./names.js";
import type { LayerBlob } from "./source-image.js";

/**
 * Lists the images.
 * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY` for a path that leads out of the source, `SOURCE_MISMATCH` for a config whose
 * name is not its digest, `LIMIT_EXCEEDED`
 */
export async function readDockerArchive(
  documents: DocumentReader,
  maxRecordBytes: number,
): Promise<LoadableImage[]> {
  const { content: images } = await documents.read(manifestFile, dockerManifest);
  return images.map(({ Config, RepoTags, Layers }, index) => {
    let document: Promise<Document<ImageConfig>> | undefined;
    const readConfig = () => {
      const digest = digestInName(Config);
      if (digest === undefined) assertEnd(documents.files);
      document ??= documents.read(Config, config, digest);
      return document;
    };
    return {
      group: String(index),
      names: readNames(RepoTags ?? []),
      platform: async () => platformOf((await readConfig()).content),
      async chain() {
        const paths = Layers ?? [];
        const diffIds = diffIdsOf((await readConfig()).content, Config, paths.length);
        const blobs: LayerBlob[] = [];
        for (const [at, path] of paths.entries()) {
          const file = await findNeeded(documents.files, path);
          blobs.push({ file, digest: digestInName(path), diffId: diffIds[at] });
        }
        return chainOf({ config: await readConfig(), name: Config, blobs }, maxRecordBytes);
      },
    };
  });
}

/**
 * Returns the digest in the name of a file, if it has one. Docker names a config by its digest, and since version 25
 * the layers too. Older versions name a layer `<id>/layer.tar`.
 */
function digestInName(path: string): string | undefined {
  const [, blob, configHex] = /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.json)$/.exec(path) ?? [];
  const hex = blob ?? configHex;
  return hex === undefined ? undefined : `sha256:${hex}`;
}
