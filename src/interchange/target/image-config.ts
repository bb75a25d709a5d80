// Formats the config of an exported image from the records of its layers. The config carries these records, so that an
// import gets them back.
import type { Image } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import { type HistoryEntry, type ImageConfig, longestDocument, recordsField } from "../formats/index.js";
import { isGoTime, isString, isStrings, knownConfigFields } from "./config-fields.js";

/**
 * Formats a config (OCI image-spec 1.1, config.md; Docker's image spec v1.2). Without a platform in the record it is
 * linux/amd64 on every host.
 * @param layers the image and its ancestors, base first
 * @param diffIds the diffIDs of the layers, in the same order
 * @throws `LIMIT_EXCEEDED` naming the image, if the records make the config longer than its readers accept
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

/** Tells how a layer was made. */
function historyOf({ record }: Image): HistoryEntry {
  const { Cmd: command } = (record.container_config ?? {}) as { readonly Cmd?: unknown };
  return {
    ...timeOf(record),
    // Docker wrote it so for images that were older than this format.
    ...(isStrings(command) && command.length > 0 ? { created_by: command.join(" ") } : {}),
    ...texts(record, ["author", "comment"]),
  };
}

function timeOf({ created }: Image["record"]): { created?: string } {
  return isGoTime(created) ? { created } : {};
}

/** Returns those of the named fields that are texts and not empty. */
function texts(record: Image["record"], names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = record[name];
      return isString(value) && value !== "" ? [[name, value]] : [];
    }),
  );
}
