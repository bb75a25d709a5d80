// The archives of `docker save`: the one of Docker 0.7 to 1.9 (graph/export.go), and the one of 1.10 and later
// (image/tarexport/save.go), which the older ones load as well.
import {
  type DockerManifest,
  layerFiles,
  layerVersion,
  manifestFile,
  type Repositories,
  repositoriesFile,
} from "../formats/index.js";
import type { ArchiveWriter } from "./archive-writer.js";
import { type ExportContent, type ExportedImage, sha256, type WriteFormat } from "./exported-image.js";
import { formatImageConfig } from "./image-config.js";

/** `<id>/{VERSION,json,layer.tar}` for each layer, and `repositories`. */
export const writeDockerLegacy: WriteFormat = async (content, archive) => {
  await addLayers(content, archive);
  // Without the file Docker 1.10 and later loads the layers and then fails.
  await addRepositories(content.images, archive);
};

/** The same, and for each image its config, of which `manifest.json` tells. */
export const writeDocker: WriteFormat = async (content, archive) => {
  const diffIds = await addLayers(content, archive);
  const manifest: DockerManifest = [];
  for (const { names, layers } of content.images) {
    const config = formatImageConfig(
      layers,
      layers.map(({ id }) => diffIds.get(id) as string),
    );
    const path = `${sha256(config)}.json`;
    await archive.add(path, config);
    manifest.push({
      Config: path,
      RepoTags: names.length === 0 ? null : [...names],
      Layers: layers.map(({ id }) => pathIn(id, layerFiles.layer)),
    });
  }
  await archive.add(manifestFile, JSON.stringify(manifest));
  // Left out if there is no name, as Docker does.
  if (content.images.some(({ names }) => names.length > 0)) await addRepositories(content.images, archive);
};

/** Returns the layers' diffIDs by the ids of their images. */
async function addLayers({ layers }: ExportContent, archive: ArchiveWriter): Promise<Map<string, string>> {
  const diffIds = new Map<string, string>();
  for await (const { image, addTo } of layers) {
    const { id, recordBytes } = image;
    await archive.add(pathIn(id, layerFiles.version), layerVersion);
    await archive.add(pathIn(id, layerFiles.record), recordBytes);
    const { diffId } = await addTo(archive, () => pathIn(id, layerFiles.layer));
    diffIds.set(id, diffId);
  }
  return diffIds;
}

/** Which image a name stands for, by its repository and tag. */
async function addRepositories(images: readonly ExportedImage[], archive: ArchiveWriter): Promise<void> {
  const repositories = new Map<string, Map<string, string>>();
  for (const { id, names } of images) {
    for (const name of names) {
      const colon = name.lastIndexOf(":");
      const [repository, tag] = [name.slice(0, colon), name.slice(colon + 1)];
      repositories.set(repository, (repositories.get(repository) ?? new Map()).set(tag, id));
    }
  }
  const content: Repositories = Object.fromEntries(
    [...repositories].map(([repository, tags]) => [repository, Object.fromEntries(tags)]),
  );
  await archive.add(repositoriesFile, JSON.stringify(content));
}

function pathIn(id: string, file: string): string {
  return `${id}/${file}`;
}
