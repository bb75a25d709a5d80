// The files of the archives that `docker save` writes: Docker 1.10 and later with `manifest.json` (image/tarexport),
// and Docker 0.7 to 1.9 with `repositories` alone (graph/export.go).
import { z } from "zod";

/** The list of images, from Docker 1.10 on. */
export const manifestFile = "manifest.json";
/** The names of the images, as in tags.go of Docker 0.3 without its first level. */
export const repositoriesFile = "repositories";

/** The files of a layer, in a directory with the id of its image. */
export const layerFiles = {
  version: "VERSION",
  record: "json",
  layer: "layer.tar",
  /** Ours: the config of an image that has one, and no layer content. Docker ignores it. */
  config: "config.json",
} as const;
/** The content of `VERSION`. */
export const layerVersion = "1.0";

/** The content of `manifest.json`. Paths are relative to the archive; layers are listed base first. */
export const dockerManifest = z.array(
  z.looseObject({
    Config: z.string(),
    RepoTags: z.array(z.string()).nullish(),
    Layers: z.array(z.string()).nullish(),
  }),
);
export type DockerManifest = z.infer<typeof dockerManifest>;

/** The content of `repositories`: `{"<repository>": {"<tag>": "<id>"}}`. */
export const repositories = z.record(z.string(), z.record(z.string(), z.string()));
export type Repositories = z.infer<typeof repositories>;
