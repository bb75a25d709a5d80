// The config of an exported image: as it came, or formatted from the records of its chain. Such a config carries the
// records, so that an import gets them back.
import { type Image, isConfigImage, layerImageId, layerImageRecord, readConfig } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import {
  config as configSchema,
  configsField,
  type HistoryEntry,
  type ImageConfig,
  longestDocument,
  parseDocument,
  recordsField,
} from "../formats/index.js";
import { isGoTime, isString, isStrings, knownConfigFields } from "./config-fields.js";
import type { ExportContent, ExportedImage } from "./exported-image.js";

/**
 * Returns the config of an image (OCI image-spec 1.1, config.md; Docker's image spec v1.2). One that was imported with
 * its config gets that again, so that it keeps its image ID.
 * @param diffIds the diffIDs of the written layers by the ids of their images
 * @throws `INVALID_JOB` if the layers cannot be written as they came and the export is not canonical; `IMAGE_BROKEN`;
 * `LIMIT_EXCEEDED` naming the image, if the records make the config longer than its readers accept
 */
export function configOfImage(
  image: ExportedImage,
  diffIds: ReadonlyMap<string, string>,
  { isCanonical }: Pick<ExportContent, "isCanonical">,
): Buffer {
  const written = image.layers.map(({ id }) => diffIds.get(id) ?? "");
  const top = image.chain.at(-1) as Image;
  const kept = readConfig(top);
  if (kept === undefined) return formatConfig(image, diffIds, written);
  const content = parseDocument(kept, configSchema, `the config of ${image.id}`);
  const expected = content.rootfs.diff_ids ?? [];
  if (written.length === expected.length && written.every((each, at) => each === expected[at])) return kept;
  if (isCanonical) {
    return Buffer.from(JSON.stringify({ ...content, rootfs: { ...content.rootfs, diff_ids: written } }));
  }
  const at = written.findIndex((each, index) => each !== expected[index]);
  throw new StevedoreError(
    "INVALID_JOB",
    `the layer of image ${image.layers[at]?.id} cannot be written as it came: export ${image.id} with --canonical`,
  );
}

/** Formats the config of an image that was made here. Without a platform anywhere it is linux/amd64 on every host. */
function formatConfig(
  { chain, layers }: ExportedImage,
  diffIds: ReadonlyMap<string, string>,
  written: readonly string[],
): Buffer {
  const { id, record } = chain.at(-1) as Image;
  const { base, above } = splitAtBase(chain);
  const platform = { architecture: "amd64", os: "linux", ...texts(base ?? {}, platformFields) };
  const config: ImageConfig = {
    ...timeOf(record),
    ...texts(record, ["author"]),
    ...platform,
    ...texts(record, platformFields),
    config: knownConfigFields(record.config ?? {}),
    rootfs: { type: "layers", diff_ids: [...written] },
    history: [...(base?.history ?? []), ...above.map(historyOf)],
    ...carried(chain, layers, diffIds),
  };
  const bytes = Buffer.from(JSON.stringify(config));
  if (bytes.length <= longestDocument) return bytes;
  throw new StevedoreError(
    "LIMIT_EXCEEDED",
    `the records of image ${id} and its ancestors make a config of ${bytes.length} bytes, and readers take ` +
      `${longestDocument}: the format docker-legacy has no such limit`,
  );
}

const platformFields = ["architecture", "os", "variant", "os.version"];

/** Finds the imported image that the chain is built on: its config tells the history below. */
function splitAtBase(chain: readonly Image[]): {
  readonly base: ImageConfig | undefined;
  readonly above: readonly Image[];
} {
  const at = chain.findLastIndex(({ directory }) => isConfigImage(directory));
  const image = chain[at];
  const bytes = image === undefined ? undefined : readConfig(image);
  if (image === undefined || bytes === undefined) return { base: undefined, above: chain };
  return {
    base: parseDocument(bytes, configSchema, `the config of ${image.id}`),
    above: chain.slice(at + 1),
  };
}

/**
 * The records, and the configs of the images that have one. None are carried where a layer that came in is written in
 * another form: its id would stand for another diffID there.
 */
function carried(
  chain: readonly Image[],
  layers: readonly Image[],
  diffIds: ReadonlyMap<string, string>,
): Pick<ImageConfig, typeof recordsField | typeof configsField> {
  const isOtherwise = ({ id, parent, recordBytes }: Image) =>
    recordBytes.equals(layerImageRecord(id, parent)) && layerImageId(parent, diffIds.get(id) ?? "") !== id;
  if (layers.some(isOtherwise)) return {};
  const configs = chain.flatMap((image) => {
    const config = readConfig(image);
    return config === undefined ? [] : [[image.id, config.toString()] as const];
  });
  return {
    [recordsField]: chain.map(({ recordBytes }) => recordBytes.toString()),
    ...(configs.length === 0 ? {} : { [configsField]: Object.fromEntries(configs) }),
  };
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
function texts(fields: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields[name];
      return isString(value) && value !== "" ? [[name, value]] : [];
    }),
  );
}
