// The manifest of an image that goes out: OCI image-spec 1.1, manifest.md, or Docker's version 2, schema 2.
import { mediaTypes } from "../formats/index.js";

/** A blob by its digest, and its size in bytes. */
interface Blob {
  readonly digest: string;
  readonly size: number;
}

/** What a manifest tells. */
export interface ManifestContent {
  readonly format: "oci" | "docker";
  readonly config: Blob;
  /** Base first. */
  readonly layers: readonly Blob[];
  /** That of all layers. */
  readonly compression: "none" | "gzip" | "zstd" | "xz";
  /** Docker's have none. */
  readonly annotations?: Readonly<Record<string, string>> | undefined;
}

/** Formats a manifest. The same content gives the same bytes. */
export function formatManifest({ format, config, layers, compression, annotations }: ManifestContent): {
  readonly mediaType: string;
  readonly bytes: Buffer;
} {
  const { manifest: mediaType, config: configType, layer } = mediaTypes[format];
  const suffix = compression === "none" ? "" : `${format === "oci" ? "+" : "."}${compression}`;
  const describe = (type: string, { digest, size }: Blob) => ({ mediaType: type, digest, size });
  const manifest = {
    schemaVersion: 2,
    mediaType,
    config: describe(configType, config),
    layers: layers.map((blob) => describe(`${layer}${suffix}`, blob)),
    ...(format === "oci" && annotations !== undefined ? { annotations } : {}),
  };
  return { mediaType, bytes: Buffer.from(JSON.stringify(manifest)) };
}
