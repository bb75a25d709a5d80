// Reads the records that an export put into its configs. With them an import restores images as they were.
import { layerImageId, layerImageRecord, parentOf, parseRecord } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { configsField, type ImageConfig, recordsField } from "../formats/index.js";
import { provenConfig } from "./proven-config.js";
import type { ChainImage, LayerBlob } from "./source-image.js";

/**
 * Reads the images that a config carries, base first.
 * @param blobs the layers of the images that have one, base first
 * @param name the name of the config, for messages
 * @throws `BAD_ARCHIVE` if there is not a layer or a config for each record, if the parent of one is not the image before
 * it, or if a config is not that of its record
 */
export function readCarriedChain(
  carrier: ImageConfig,
  blobs: readonly LayerBlob[],
  name: string,
): ChainImage[] {
  const bad = (why: string, cause?: unknown) =>
    new StevedoreError("BAD_ARCHIVE", `${name}: ${recordsField}: ${why}`, { cause });
  const texts = carrier[recordsField] ?? [];
  const configs = new Map(Object.entries(carrier[configsField] ?? {}));
  if (texts.length !== blobs.length + configs.size) {
    const others = configs.size === 0 ? "" : ` and ${configs.size} configs`;
    throw bad(`${texts.length} records for ${blobs.length} layers${others}`);
  }
  const left = [...blobs];
  const seen = new Set<string>();
  let expected: string | null = null;
  return texts.map((text, index) => {
    const record = Buffer.from(text);
    const { id, parent } = readOne(record, (error) => bad(`record ${index}: ${error.message}`, error));
    if (parent !== expected) {
      throw bad(`the record of ${id} has the parent ${parent}, but ${expected} stands before it`);
    }
    if (seen.has(id)) throw bad(`${id} occurs twice`);
    seen.add(id);
    expected = id;
    const ownConfig = configs.get(id);
    if (ownConfig !== undefined) return provenConfig({ id, parent, record }, Buffer.from(ownConfig));
    const blob = left.shift();
    if (blob === undefined) throw bad(`there is neither a layer nor a config for ${id}`);
    // An id that follows from the layer has one record only, whatever an older version wrote.
    const isDerived = id === layerImageId(parent, blob.diffId ?? "");
    return { id, parent, record: isDerived ? layerImageRecord(id, parent) : record, isDerived, blob };
  });
}

function readOne(bytes: Buffer, toError: (error: StevedoreError) => StevedoreError) {
  try {
    const record = parseRecord(bytes);
    return { id: record.id, parent: parentOf(record) };
  } catch (error) {
    throw error instanceof StevedoreError ? toError(error) : error;
  }
}
