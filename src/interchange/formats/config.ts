// An image's config: OCI image-spec 1.1, config.md, which is Docker's image spec v1.2 with other media types.
import { z } from "zod";
import { digest } from "./manifest.js";

/**
 * The field of a config in which the records of a graph travel: an array of their texts, the base's first, one for
 * each layer. Whoever reads the config otherwise passes over it.
 */
export const recordsField = "org.stevedore.records";

const text = z.string().nullish();
const object = z.record(z.string(), z.unknown()).nullish();

/** A step of an image's making. One whose layer is empty has none among `diff_ids`. */
export const historyEntry = z.looseObject({
  created: text,
  created_by: text,
  author: text,
  comment: text,
  empty_layer: z.boolean().nullish(),
});
export type HistoryEntry = z.infer<typeof historyEntry>;

/**
 * What is read of a config. What else stands there is kept: Docker's own have `container`, `container_config` and
 * `docker_version` besides.
 */
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
});
export type ImageConfig = z.infer<typeof config>;
