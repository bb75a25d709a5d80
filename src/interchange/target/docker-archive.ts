// Writes the archives of `docker save`: that of Docker 0.7 to 1.9 (graph/export.go), and that of 1.10 and later
// (image/tarexport/save.go), which older versions load too.
import { readConfig } from "../../graph/index.js";
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
import { configOfImage } from "./image-config.js";

/** Writes `<id>/{VERSION,json,layer.tar}` for each image, and `repositories`. */
export const writeDockerLegacy: WriteFormat = async (content, archive) => {
  await addImages(content, archive);
  // Docker 1.10 and later loads the layers and then fails if this file is missing.
  await addRepositories(content.images, archive);
};

/** Writes the same files, a config for each image, and `manifest.json`, which lists the configs. */
export const writeDocker: WriteFormat = async (content, archive) => {
  const diffIds = await addImages(content, archive);
  const manifest: DockerManifest = [];
  for (const image of content.images) {
    const { names, layers } = image;
    const config = configOfImage(image, diffIds, content);
    const path = `${sha256(config)}.json`;
    await archive.add(path, config);
    manifest.push({
      Config: path,
      RepoTags: names.length === 0 ? null : [...names],
      Layers: layers.map(({ id }) => pathIn(id, layerFiles.layer)),
    });
  }
  await archive.add(manifestFile, JSON.stringify(manifest));
  // Docker leaves the file out if no image has a name.
  if (content.images.some(({ names }) => names.length > 0)) await addRepositories(content.images, archive);
};

/** Adds the images with their layers. @returns the diffIDs by their ids */
async function addImages({ layers }: ExportContent, archive: ArchiveWriter): Promise<Map<string, string>> {
  const diffIds = new Map<string, string>();
  for await (const { image, addTo } of layers) {
    const { id, recordBytes } = image;
    await archive.add(pathIn(id, layerFiles.version), layerVersion);
    await archive.add(pathIn(id, layerFiles.record), recordBytes);
    const config = readConfig(image);
    if (config !== undefined) await archive.add(pathIn(id, layerFiles.config), config);
    const { diffId } = await addTo(archive, () => pathIn(id, layerFiles.layer));
    diffIds.set(id, diffId);
  }
  return diffIds;
}

/** Adds the file that tells which image each name means. */
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
