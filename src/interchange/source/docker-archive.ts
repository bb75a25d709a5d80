// What `docker save` of 1.10 and later, skopeo and others write: a list of images, each a config and its layers.
import { config, dockerManifest, type ImageConfig, manifestFile } from "../formats/index.js";
import { diffIdsOf, layersOf } from "./configured-image.js";
import type { Document, DocumentReader } from "./documents.js";
import { findNeeded } from "./files/index.js";
import { type LoadableImage, platformOf } from "./loadable-image.js";
import { readNames } from "./names.js";
import type { LayerBlob } from "./source-image.js";

/**
 * Reads what images there are.
 * @throws `BAD_ARCHIVE`, `UNSAFE_ENTRY` for a path that leads out of the source, `SOURCE_MISMATCH` for a config that
 * is not the one that its name says, `LIMIT_EXCEEDED`
 */
export async function readDockerArchive(
  documents: DocumentReader,
  maxRecordBytes: number,
): Promise<LoadableImage[]> {
  const { content: images } = await documents.read(manifestFile, dockerManifest);
  return images.map(({ Config, RepoTags, Layers }, index) => {
    let document: Promise<Document<ImageConfig>> | undefined;
    const readConfig = () => {
      document ??= documents.read(Config, config, digestInName(Config));
      return document;
    };
    return {
      group: String(index),
      names: readNames(RepoTags ?? []),
      platform: async () => platformOf((await readConfig()).content),
      async layers() {
        const paths = Layers ?? [];
        const diffIds = diffIdsOf((await readConfig()).content, Config, paths.length);
        const blobs: LayerBlob[] = [];
        for (const [at, path] of paths.entries()) {
          const file = await findNeeded(documents.files, path);
          blobs.push({ file, digest: digestInName(path), diffId: diffIds[at] });
        }
        return layersOf(await readConfig(), Config, blobs, maxRecordBytes);
      },
    };
  });
}

/**
 * The digest in the name of a file: Docker names a config by it, and since version 25 the layers too, as an OCI layout
 * does. The `<id>/layer.tar` of older ones are named by no digest.
 */
function digestInName(path: string): string | undefined {
  const [, blob, configHex] = /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.json)$/.exec(path) ?? [];
  const hex = blob ?? configHex;
  return hex === undefined ? undefined : `sha256:${hex}`;
}
