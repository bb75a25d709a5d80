// Reads the records that an export put into its configs. With them an import restores an image as it was.
import { parentOf, parseRecord } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { recordsField } from "../formats/index.js";
import type { LayerRecord } from "./derived-records.js";

/**
 * Reads the records of a config, base first.
 * @param name the name of the config, for messages
 * @throws `BAD_ARCHIVE` if there is not one for each layer, or if the parent of one is not the image before it
 */
export function readCarriedRecords(texts: readonly string[], layers: number, name: string): LayerRecord[] {
  const bad = (why: string, cause?: unknown) =>
    new StevedoreError("BAD_ARCHIVE", `${name}: ${recordsField}: ${why}`, { cause });
  if (texts.length !== layers) throw bad(`${texts.length} records for ${layers} layers`);
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
    return { id, parent, record };
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
