// The config of an image in the formats of today, made of the records of its layers, which travel in it.

import type { Image } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { type HistoryEntry, type ImageConfig, longestDocument, recordsField } from "../formats/index.js";
import { isGoTime, isString, isStrings, knownConfigFields } from "./config-fields.js";

/**
 * The text of a config (OCI image-spec 1.1, config.md; Docker's image spec v1.2): for what a record does not say, that
 * of linux on amd64, whichever host this is.
 * @param layers the image's history, base first
 * @param diffIds those of the layers
 * @throws `LIMIT_EXCEEDED` naming the image if the records are more than readers of a config take
 */
export function formatImageConfig(layers: readonly Image[], diffIds: readonly string[]): Buffer {
  const top = layers.at(-1) as Image;
  const { record } = top;
  const config: ImageConfig = {
    ...timeOf(record),
    ...texts(record, ["author"]),
    architecture: isString(record.architecture) ? record.architecture : "amd64",
    os: isString(record.os) ? record.os : "linux",
    ...texts(record, ["variant", "os.version"]),
    config: knownConfigFields(record.config ?? {}),
    rootfs: { type: "layers", diff_ids: [...diffIds] },
    history: layers.map(historyOf),
    [recordsField]: layers.map(({ recordBytes }) => recordBytes.toString()),
  };
  const bytes = Buffer.from(JSON.stringify(config));
  if (bytes.length <= longestDocument) return bytes;
  throw new StevedoreError(
    "LIMIT_EXCEEDED",
    `the records of image ${top.id} and its ancestors make a config of ${bytes.length} bytes, and readers take ` +
      `${longestDocument}: the format docker-legacy has no such limit`,
  );
}

/** How a layer came about. */
function historyOf({ record }: Image): HistoryEntry {
  const { Cmd: command } = (record.container_config ?? {}) as { readonly Cmd?: unknown };
  return {
    ...timeOf(record),
    // As Docker wrote it of images that were older than the format.
    ...(isStrings(command) && command.length > 0 ? { created_by: command.join(" ") } : {}),
    ...texts(record, ["author", "comment"]),
  };
}

function timeOf({ created }: Image["record"]): { created?: string } {
  return isGoTime(created) ? { created } : {};
}

/** Those of the record's fields that are texts and say something. */
function texts(record: Image["record"], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = record[name];
      return isString(value) && value !== "" ? [[name, value]] : [];
    }),
  );
}
