// The config of an image: OCI image-spec 1.1, config.md, which is Docker's image spec v1.2 with other media types.
import { z } from "zod";
import { digest } from "./manifest.js";

/**
 * The field of a config that carries the records of a graph: an array of their texts, base first, one for each layer and
 * each of `configsField`. Other readers of a config ignore it.
 */
export const recordsField = "org.stevedore.records";
/** The field with the configs of those images among them that have one instead of a layer: their texts by their ids. */
export const configsField = "org.stevedore.configs";

const text = z.string().nullish();
const object = z.record(z.string(), z.unknown()).nullish();

/** A step in the history of an image. A step with an empty layer has no entry in `diff_ids`. */
const historyEntry = z.looseObject({
  created: text,
  created_by: text,
  author: text,
  comment: text,
  empty_layer: z.boolean().nullish(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/** The fields of a config that are read. All other fields are kept. */
export const config = z.looseObject({
  architecture: text,
  os: text,
  variant: text,
  created: text,
  author: text,
  comment: text,
  container: text,
  docker_version: text,
  config: object,
  container_config: object,
  rootfs: z.looseObject({ type: text, diff_ids: z.array(digest).nullish() }),
  history: z.array(historyEntry).nullish(),
  [recordsField]: z.array(z.string()).nullish(),
  [configsField]: z.record(z.string(), z.string()).nullish(),
});
export type ImageConfig = z.infer<typeof config>;
