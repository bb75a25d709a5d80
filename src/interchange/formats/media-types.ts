// What the documents and blobs of an image are called: OCI image-spec 1.1, media-types.md, and Docker's image
// manifest version 2, schema 2, whose documents have the same fields under other names.

/** The media types of OCI, and what Docker calls the same. */
export const mediaTypes = {
  oci: {
    index: "application/vnd.oci.image.index.v1+json",
    manifest: "application/vnd.oci.image.manifest.v1+json",
    config: "application/vnd.oci.image.config.v1+json",
    /** A layer that is not compressed. A compressed one has `+gzip`, `+zstd` or, not registered, `+xz` behind it. */
    layer: "application/vnd.oci.image.layer.v1.tar",
  },
  docker: {
    index: "application/vnd.docker.distribution.manifest.list.v2+json",
    manifest: "application/vnd.docker.distribution.manifest.v2+json",
    config: "application/vnd.docker.container.image.v1+json",
    /** A layer that is not compressed. A compressed one has `.gzip` or `.zstd` behind it. */
    layer: "application/vnd.docker.image.rootfs.diff.tar",
  },
} as const;

/** What a document is of which a descriptor gives the media type. */
export type DocumentKind = "index" | "manifest" | "config";

/** What a media type says a document is; undefined for one that is not known. */
export function documentKind(mediaType: string): DocumentKind | undefined {
  const kinds = ["index", "manifest", "config"] as const;
  return kinds.find((kind) => mediaType === mediaTypes.oci[kind] || mediaType === mediaTypes.docker[kind]);
}

/**
 * What a media type says of a layer. A foreign one need not be in the archive: its licence keeps it on a server. How
 * it is compressed is not asked: its first bytes tell.
 */
export type LayerKind = "layer" | "foreign" | "encrypted";

/** The kind of a layer's media type; undefined for one that is not known. */
export function layerKind(mediaType: string): LayerKind | undefined {
  if (mediaType.endsWith("+encrypted") && layerKind(mediaType.slice(0, -"+encrypted".length)) !== undefined) {
    return "encrypted";
  }
  const { foreign } = (ociLayer.exec(mediaType) ?? dockerLayer.exec(mediaType))?.groups ?? {};
  if (foreign !== undefined) return "foreign";
  return ociLayer.test(mediaType) || dockerLayer.test(mediaType) ? "layer" : undefined;
}

const ociLayer =
  /^application\/vnd\.oci\.image\.layer\.(?<foreign>nondistributable\.)?v1\.tar(?:\+(?:gzip|zstd|xz|bzip2))?$/;
const dockerLayer =
  /^application\/vnd\.docker\.image\.rootfs\.(?<foreign>foreign\.)?diff\.tar(?:\.(?:gzip|zstd|xz|bzip2))?$/;
