// The formats that images come in and go out by, and how archives are compressed.

/** The two archives that `docker save` wrote, since 1.10 and before, and an OCI image layout. */
export const imageFormats = ["docker", "docker-legacy", "oci"] as const;
export type ImageFormat = (typeof imageFormats)[number];

/** The formats that are read, and not written: `dir` is a directory of skopeo (`dir:`). */
export const sourceFormats = [...imageFormats, "dir"] as const;
export type SourceFormat = (typeof sourceFormats)[number];

/**
 * Why an import passes over what a source has besides images: it tells how an image was built; its config or its layers
 * are not those of an image; its media type is not known; or it is listed for a platform, and is not there.
 */
export const skipReasons = ["attestation", "artifact", "unknown-type", "absent"] as const;
export type SkipReason = (typeof skipReasons)[number];

/** How the archive of a layer may have been compressed; `none` is a plain tar. */
export const compressions = ["none", "gzip", "bzip2", "xz", "zstd"] as const;
export type Compression = (typeof compressions)[number];

/** How the layers of an image may be compressed that is pushed, and which kind of manifest it may have. */
export const pushCompressions = ["gzip", "zstd"] as const;
export const manifestFormats = ["oci", "docker"] as const;

/** How far a layer is that goes to or comes from a registry. */
export const layerStates = ["waiting", "present", "fetching", "sending", "mounted", "done"] as const;
export type LayerState = (typeof layerStates)[number];

/** How the layers of an archive may be compressed that is exported. */
export const layerCompressions = ["gzip", "zstd", "xz", "none"] as const;
export type LayerCompression = (typeof layerCompressions)[number];
