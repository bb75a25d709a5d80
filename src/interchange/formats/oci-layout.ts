// The paths in an OCI image layout (image-spec 1.1, image-layout.md), and the annotations that name its images.
import { z } from "zod";

/** The file that marks a layout. */
export const layoutFile = "oci-layout";
/** The index of all its images. */
export const indexFile = "index.json";
export const layoutVersion = "1.0.0";

/** The content of `oci-layout`. Minor versions may add to it. */
export const layout = z.looseObject({ imageLayoutVersion: z.string().regex(/^1\./) });

/** Returns the path of a blob. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Annotations of the descriptors in `index.json`. */
export const annotationKeys = {
  /** A tag, or a whole name: tools differ (image-spec, annotations.md). */
  refName: "org.opencontainers.image.ref.name",
  /** The whole name, as containerd and Docker write it beside the other. */
  containerdName: "io.containerd.image.name",
  /** BuildKit sets it to `attestation-manifest` in the descriptors of manifests that are not images. */
  referenceType: "vnd.docker.reference.type",
} as const;
