// Where things lie in an OCI image layout (image-spec 1.1, image-layout.md), and how its images are named.
import { z } from "zod";

/** The file by which a layout is known. */
export const layoutFile = "oci-layout";
/** The index of all its images. */
export const indexFile = "index.json";
export const layoutVersion = "1.0.0";

/** The content of `oci-layout`. Minor versions may add to it. */
export const layout = z.looseObject({ imageLayoutVersion: z.string().regex(/^1\./) });

/** Where the blob of a digest lies. */
export function blobPath(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

/** Annotations of the descriptors in `index.json`. */
export const annotationKeys = {
  /** A tag, or a whole name: tools differ (image-spec, annotations.md). */
  refName: "org.opencontainers.image.ref.name",
  /** The whole name, as containerd and Docker write it beside the other. */
  containerdName: "io.containerd.image.name",
  /** BuildKit's mark of a manifest that is no image: its value is then `attestation-manifest`. */
  referenceType: "vnd.docker.reference.type",
} as const;
