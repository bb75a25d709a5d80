// A config that a source brings along with the record of its image. Both must be what the image's id says.
import { configImageId, configImageRecord } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { config, parseDocument } from "../formats/index.js";
import type { SourceConfig } from "./source-image.js";

/** Puts an image and its config together. @throws `BAD_ARCHIVE` naming the image, if one is not that of the other */
export function provenConfig(
  { id, parent, record }: Pick<SourceConfig, "id" | "parent" | "record">,
  bytes: Buffer,
): SourceConfig {
  const bad = (why: string) => new StevedoreError("BAD_ARCHIVE", why);
  if (configImageId(bytes) !== id) throw bad(`the config of ${id} is that of another image`);
  const content = parseDocument(bytes, config, `the config of ${id}`);
  if (!configImageRecord(content, id, parent).equals(record)) {
    throw bad(`the record of ${id} is not that of its config`);
  }
  return { id, parent, record, documents: { config: bytes } };
}
