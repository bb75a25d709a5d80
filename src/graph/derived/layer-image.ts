// The image that a layer of an imported image becomes. All images that have the layer on the same parent share it, so
// nothing of it may depend on which of them came first: id and record follow from the parent and the diffID alone.
import { createHash } from "node:crypto";

/** The time of an image that nothing tells the time of. It must be the same on every host. */
export const noTime = "1970-01-01T00:00:00Z";

/**
 * Derives the id of a layer image: the sha256 of one line with the id of its parent (empty without one) and one with its
 * diffID.
 * @param diffId `sha256:` and 64 hex digits
 */
export function layerImageId(parent: string | null, diffId: string): string {
  return createHash("sha256")
    .update(`${parent ?? ""}\n${diffId}\n`)
    .digest("hex");
}

/** Makes the record of a layer image. */
export function layerImageRecord(id: string, parent: string | null): Buffer {
  return Buffer.from(JSON.stringify({ id, ...(parent === null ? {} : { parent }), created: noTime }));
}
