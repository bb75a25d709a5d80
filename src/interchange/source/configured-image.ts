// An image that is described by a config and a list of blobs, as docker-archive and OCI both have it.

import { assertRecordSize } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { type ImageConfig, recordsField } from "../formats/index.js";
import { readCarriedRecords } from "./carried-records.js";
import { deriveRecords } from "./derived-records.js";
import type { Document } from "./documents.js";
import { type LayerBlob, mostLayers, type SourceLayer } from "./source-image.js";

/**
 * The diffIDs of a config.
 * @param name of the config, for messages
 * @param blobs how many layers the image has beside it
 * @throws `BAD_ARCHIVE` if there are none, or not one for each blob; `LIMIT_EXCEEDED`
 */
export function diffIdsOf({ rootfs }: ImageConfig, name: string, blobs: number): readonly string[] {
  const diffIds = rootfs.diff_ids ?? [];
  if (diffIds.length !== blobs) {
    throw new StevedoreError(
      "BAD_ARCHIVE",
      `${name} tells of ${diffIds.length} layers, but there are ${blobs}`,
    );
  }
  assertLayerCount(blobs, name);
  return diffIds;
}

/** @throws `LIMIT_EXCEEDED` for more layers than can be mounted, `BAD_ARCHIVE` for none */
export function assertLayerCount(layers: number, name: string): void {
  if (layers === 0) throw new StevedoreError("BAD_ARCHIVE", `${name}: the image has no layers`);
  if (layers <= mostLayers) return;
  throw new StevedoreError(
    "LIMIT_EXCEEDED",
    `${name}: the image has ${layers} layers, more than the ${mostLayers} that can be mounted`,
  );
}

/**
 * The layers of such an image with their ids and records: those it carries, or else derived ones.
 * @param blobs the base's first, one for each diffID
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
