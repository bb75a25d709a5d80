// The files of a docker-archive, what `docker save` writes: those of Docker 1.10 and later with `manifest.json`
// (image/tarexport), and those of Docker 0.7 to 1.9 with `repositories` alone (graph/export.go).
import { z } from "zod";

/** Lists the images of the later format. */
export const manifestFile = "manifest.json";
/** The names in the older one: the form of Docker 0.3's tags.go without its first level. */
export const repositoriesFile = "repositories";

/** The files of a layer, in a directory that is named by its image's id. */
export const layerFiles = { version: "VERSION", record: "json", layer: "layer.tar" } as const;
/** What `VERSION` holds. */
export const layerVersion = "1.0";

/** The content of `manifest.json`. Paths are those of files of the archive; layers stand base first. */
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
