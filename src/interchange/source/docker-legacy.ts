// Reads the archives that `docker save` of 0.7 to 1.9 wrote: images as they lie in a graph, each with its record.
import { assertRecordSize, layerImageId, parentCycle, parentOf, parseRecord } from "../../graph/index.js";
import { isId, onOneLine, StevedoreError } from "../../terms/index.js";
import { layerFiles, longestDocument, repositories, repositoriesFile } from "../formats/index.js";
import { assertLayerCount } from "./configured-image.js";
import type { DocumentReader } from "./documents.js";
import { findNeeded, type SourceFile } from "./files/index.js";
import { type LoadableImage, platformOf } from "./loadable-image.js";
import { readNames } from "./names.js";
import { provenConfig } from "./proven-config.js";
import type { ChainImage } from "./source-image.js";

/**
 * Lists the images that have a name, and those that have no child.
 * @throws `BAD_ARCHIVE`, `PARENT_CYCLE`, `LIMIT_EXCEEDED`
 */
export async function readDockerLegacy(
  documents: DocumentReader,
  maxRecordBytes: number,
): Promise<LoadableImage[]> {
  const layers = await readLayers(documents, maxRecordBytes);
  const names = await readRepositories(documents);
  const parents = new Set([...layers.values()].map(({ parent }) => parent));
  for (const [id, [name = ""]] of names) {
    if (!layers.has(id)) {
      throw new StevedoreError(
        "BAD_ARCHIVE",
        `${onOneLine(name)} is the name of ${onOneLine(id)}, which is missing`,
      );
    }
  }
  return [...layers.keys()]
    .filter((id) => names.has(id) || !parents.has(id))
    .map((id) => ({
      group: id,
      names: readNames(names.get(id) ?? []),
      platform: async () => platformIn(layers.get(id)),
      chain: async () => chainOf(id, layers),
    }));
}

/** True if the source has an image in this format. */
export async function hasLegacyImages({ files }: DocumentReader): Promise<boolean> {
  return (await recordFiles(files)).length > 0;
}

async function readLayers(
  documents: DocumentReader,
  maxRecordBytes: number,
): Promise<ReadonlyMap<string, ChainImage>> {
  const { files } = documents;
  const layers = new Map<string, ChainImage>();
  for (const { id, file } of await recordFiles(files)) {
    assertRecordSize(file.size, maxRecordBytes, `the record of the image ${id}`);
    const record = await documents.bytes(file, maxRecordBytes);
    const parent = parentIn(record, id, file.name);
    const config = await files.find(`${id}/${layerFiles.config}`);
    if (config !== undefined) {
      layers.set(id, provenConfig({ id, parent, record }, await documents.bytes(config, longestDocument)));
      continue;
    }
    const layer = await findNeeded(files, `${id}/${layerFiles.layer}`);
    // An export has layers as they were imported, of which some have no end.
    const blob = { file: layer, isWhole: (diffId: string) => layerImageId(parent, diffId) === id };
    layers.set(id, { id, parent, record, isDerived: false, blob });
  }
  assertNoCycle(layers);
  return layers;
}

async function recordFiles(files: DocumentReader["files"]): Promise<{ id: string; file: SourceFile }[]> {
  const found: { id: string; file: SourceFile }[] = [];
  for (const id of await files.directories()) {
    const file = isId(id) ? await files.find(`${id}/${layerFiles.record}`) : undefined;
    if (file !== undefined) found.push({ id, file });
  }
  return found;
}

/** Returns the parent in a record. @throws `BAD_ARCHIVE` if the record is malformed or belongs to another image */
function parentIn(bytes: Buffer, id: string, name: string): string | null {
  try {
    const record = parseRecord(bytes);
    if (record.id === id) return parentOf(record);
    throw new StevedoreError("BAD_ARCHIVE", `it belongs to the image ${record.id}`);
  } catch (error) {
    if (!(error instanceof StevedoreError)) throw error;
    throw new StevedoreError("BAD_ARCHIVE", `${name}: ${error.message}`, { cause: error });
  }
}

/** Returns the platform in a record; Docker wrote it from 0.6 on. */
function platformIn(layer: ChainImage | undefined) {
  if (layer === undefined) return undefined;
  const { os, architecture } = parseRecord(layer.record);
  if (typeof os !== "string" || typeof architecture !== "string") return undefined;
  return platformOf({ os, architecture });
}

/** Reads the names of the images, by id. */
async function readRepositories(documents: DocumentReader): Promise<ReadonlyMap<string, string[]>> {
  const names = new Map<string, string[]>();
  if ((await documents.files.find(repositoriesFile)) === undefined) return names;
  const { content } = await documents.read(repositoriesFile, repositories);
  for (const [repository, tags] of Object.entries(content)) {
    for (const [tag, id] of Object.entries(tags)) {
      names.set(id, [...(names.get(id) ?? []), `${repository}:${tag}`]);
    }
  }
  return names;
}

/** @throws `PARENT_CYCLE` naming the images, if some are their own ancestors */
function assertNoCycle(layers: ReadonlyMap<string, ChainImage>): void {
  const ended = new Set<string>();
  for (const first of layers.keys()) {
    const walked = new Set<string>();
    for (let at = layers.get(first); at !== undefined && !ended.has(at.id); at = parentOfLayer(at, layers)) {
      if (walked.has(at.id)) {
        const ids = [...walked];
        throw parentCycle(ids.slice(ids.indexOf(at.id)));
      }
      walked.add(at.id);
    }
    for (const id of walked) ended.add(id);
  }
}

/** Returns an image and its ancestors in the source, base first. @throws `LIMIT_EXCEEDED` */
function chainOf(id: string, layers: ReadonlyMap<string, ChainImage>): ChainImage[] {
  const chain: ChainImage[] = [];
  for (let at = layers.get(id); at !== undefined; at = parentOfLayer(at, layers)) chain.push(at);
  assertLayerCount(chain.filter(({ blob }) => blob !== undefined).length, id);
  return chain.reverse();
}

function parentOfLayer(
  { parent }: ChainImage,
  layers: ReadonlyMap<string, ChainImage>,
): ChainImage | undefined {
  return parent === null ? undefined : layers.get(parent);
}
