// The layers of an image that has a config and a list of blobs, as in docker-archives and OCI layouts.
import { assertRecordSize } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { type ImageConfig, recordsField } from "../formats/index.js";
import { readCarriedRecords } from "./carried-records.js";
import { deriveRecords } from "./derived-records.js";
import type { Document } from "./documents.js";
import { type LayerBlob, mostLayers, type SourceLayer } from "./source-image.js";

/**
 * Returns the diffIDs of a config.
 * @param name the name of the config, for messages
 * @param blobs how many blobs the image has
 * @throws `BAD_ARCHIVE` if there are none, or not one for each blob; `LIMIT_EXCEEDED`
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

/** @throws `LIMIT_EXCEEDED` for more layers than can be mounted, `BAD_ARCHIVE` for an image without layers */
export function assertLayerCount(layers: number, name: string): void {
  if (layers === 0) throw new StevedoreError("BAD_ARCHIVE", `${name}: the image has no layers`);
  if (layers <= mostLayers) return;
  throw new StevedoreError(
    "LIMIT_EXCEEDED",
    `${name}: the image has ${layers} layers, more than the ${mostLayers} that can be mounted`,
  );
}

/**
 * Returns the layers of the image with their ids and records: those that the config carries, or derived ones.
 * @param blobs one for each diffID, base first
 * @throws `BAD_ARCHIVE`, `LIMIT_EXCEEDED`
 */
export function layersOf(
  { content, digest }: Document<ImageConfig>,
  name: string,
  blobs: readonly LayerBlob[],
  maxRecordBytes: number,
): SourceLayer[] {
  const carried = content[recordsField];
  const isDerived = carried === undefined || carried === null;
  const records = isDerived
    ? deriveRecords(content, digest)
    : readCarriedRecords(carried, blobs.length, name);
  return records.map(({ id, parent, record }, index) => {
    assertRecordSize(record.length, maxRecordBytes, `the record of the image ${id}`);
    return { id, parent, record, isDerived, blob: blobs[index] as LayerBlob };
  });
}
