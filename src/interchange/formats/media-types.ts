// The media types of the documents and layers of an image, by OCI image-spec 1.1 (media-types.md) and by Docker's image
// manifest version 2, schema 2.

/** The media types of OCI, and those of Docker for the same things. */
export const mediaTypes = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    /** An uncompressed layer. A compressed one has the suffix `+gzip`, `+zstd`, or `+xz`, which is not registered. */
    layer: "application/vnd.oci.image.layer.v1.tar",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    /** An uncompressed layer. A compressed one has the suffix `.gzip` or `.zstd`. */
    layer: "application/vnd.docker.image.rootfs.diff.tar",
  },
} as const;

/** The kinds of documents that a descriptor may point to. */
type DocumentKind = "index" | "manifest" | "config";

/** Returns the kind of document that a media type names; undefined for other media types. */
export function documentKind(mediaType: string): DocumentKind | undefined {
  const kinds = ["index", "manifest", "config"] as const;
  return kinds.find((kind) => mediaType === mediaTypes.oci[kind] || mediaType === mediaTypes.docker[kind]);
}

/** The kinds of layers. A foreign layer may be missing in the archive, because its licence keeps it on a server. */
type LayerKind = "layer" | "foreign" | "encrypted";

/** Returns the kind of layer that a media type names; undefined for other media types. */
export function layerKind(mediaType: string): LayerKind | undefined {
  if (mediaType.endsWith("+encrypted") && layerKind(mediaType.slice(0, -"+encrypted".length)) !== undefined) {
    return "encrypted";
  }
  const { foreign } = (ociLayer.exec(mediaType) ?? dockerLayer.exec(mediaType))?.groups ?? {};
  if (foreign !== undefined) return "foreign";
  return ociLayer.test(mediaType) || dockerLayer.test(mediaType) ? "layer" : undefined;
}

/** True for the types of layers, and for what may be one in a form that is not known. */
export function isLayerType(mediaType: string): boolean {
  return (
    layerKind(mediaType) !== undefined ||
    /^application\/vnd\.(?:oci\.image\.layer|docker\.image\.rootfs)\./.test(mediaType)
  );
}

const ociLayer =
  /^application\/vnd\.oci\.image\.layer\.(?<foreign>nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd|xz|bzip2))?$/;
const dockerLayer =
  /^application\/vnd\.docker\.image\.rootfs\.(?<foreign>foreign\.)?diff\.tar(?:\.(?:gzip|zstd|xz|bzip2))?$/;
