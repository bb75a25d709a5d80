// The chain of an image that has a config and a list of blobs, as in docker-archives and OCI layouts.
import {
  assertRecordSize,
  configImageId,
  configImageRecord,
  layerImageId,
  layerImageRecord,
} from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { type ImageConfig, recordsField } from "../formats/index.js";
import { readCarriedChain } from "./carried-records.js";
import type { Document } from "./documents.js";
import { type ChainImage, type LayerBlob, mostLayers, type SourceLayer } from "./source-image.js";

/**
 * Returns the diffIDs of a config.
 * @param name the name of the config, for messages
 * @param blobs how many blobs the image has
 * @throws `BAD_ARCHIVE` if there is not one for each blob; `LIMIT_EXCEEDED`
 */
export function diffIdsOf({ rootfs }: ImageConfig, name: string, blobs: number): readonly string[] {
  const diffIds = rootfs.diff_ids ?? [];
  if (diffIds.length !== blobs) {
    throw new StevedoreError(
      "BAD_ARCHIVE",
      `${name} lists ${diffIds.length} layers, but the image has ${blobs}`,
    );
  }
  assertLayerCount(blobs, name);
  return diffIds;
}

/** @throws `LIMIT_EXCEEDED` for more layers than can be mounted */
export function assertLayerCount(layers: number, name: string): void {
  if (layers <= mostLayers) return;
  throw new StevedoreError(
    "LIMIT_EXCEEDED",
    `${name}: the image has ${layers} layers, more than the ${mostLayers} that can be mounted`,
  );
}

/** What a source has of an image with a config. */
interface ConfiguredImage {
  readonly config: Document<ImageConfig>;
  /** The name of the config, for messages. */
  readonly name: string;
  /** One for each diffID, base first. */
  readonly blobs: readonly LayerBlob[];
  /** The manifest, if there is one. */
  readonly manifest?: Buffer | undefined;
}

/**
 * Returns the chain of the image, base first: the images that its config carries, or a layer image for each blob and on
 * top an image for the config.
 * @throws `BAD_ARCHIVE`, `LIMIT_EXCEEDED`
 */
export function chainOf(image: ConfiguredImage, maxRecordBytes: number): ChainImage[] {
  const carried = image.config.content[recordsField];
  const chain =
    carried === undefined || carried === null
      ? deriveChain(image)
      : readCarriedChain(image.config.content, image.blobs, image.name);
  for (const { id, record } of chain) {
    assertRecordSize(record.length, maxRecordBytes, `the record of the image ${id}`);
  }
  return chain;
}

function deriveChain({ config, blobs, manifest }: ConfiguredImage): ChainImage[] {
  const chain: ChainImage[] = [];
  let parent: string | null = null;
  for (const blob of blobs) {
    const layer: SourceLayer = layerImage(parent, blob);
    chain.push(layer);
    parent = layer.id;
  }
  const id = configImageId(config.bytes);
  const record = configImageRecord(config.content, id, parent);
  return [...chain, { id, parent, record, documents: { config: config.bytes, manifest } }];
}

/** The image of a layer whose diffID the source gives. */
function layerImage(parent: string | null, blob: LayerBlob): SourceLayer {
  const id = layerImageId(parent, blob.diffId ?? "");
  return { id, parent, record: layerImageRecord(id, parent), isDerived: true, blob };
}
