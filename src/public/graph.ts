// stevedore-graph/graph: the image store on disk. Needs neither Redis nor a worker.
import {
  type OpenGraphOptions,
  openGraph as openWholeGraph,
  type Graph as WholeGraph,
} from "../graph/index.js";

export { assertWritable, inodeOf, removeAbandonedStaging, type StagingPlace } from "../disk/index.js";
export {
  assertRecordSize,
  type Beside,
  type BrokenImage,
  type FillLayer,
  type Holder,
  type Image,
  type ImageRecord,
  type ImageToAdd,
  type LayerFacts,
  type ListedImage,
  makeId,
  makeRecord,
  type Names,
  type NewImage,
  type OpenGraphOptions,
  parseRecord,
  type RecordFields,
  type RegisterAllOptions,
  type RegisteredSet,
  type StoredChecksum,
  type StoredChecksums,
} from "../graph/index.js";
export {
  assertId,
  defaultTag,
  formatImageName,
  type ImageName,
  isId,
  isImageName,
  parseImageName,
  shortId,
} from "../terms/index.js";

/** The images of a root. Here nothing takes an image away from a mount that is made of it. */
export interface Graph extends Omit<WholeGraph, "takeOut" | "takeOutUnneeded"> {
  /**
   * Removes an image, a broken one too, with its names and its view, and returns its id.
   * @param options force leaves its children without parent. A mount of it that lives keeps what it needs until it ends
   * @throws as `resolve`; `IMAGE_IN_USE` while it has children or is part of a mount, unless it is forced; and while it is
   * leased or an import relies on it
   */
  delete(
    reference: string,
    options?: { readonly force?: boolean | undefined },
    signal?: AbortSignal | undefined,
  ): Promise<string>;
}

/**
 * Opens the graph of a root, such as a data directory of Docker 0.3. Reads no image.
 * @throws `SOURCE_NOT_FOUND` for a root that is not there, `NEEDS_ROOT`
 */
export async function openGraph(root: string, options?: OpenGraphOptions): Promise<Graph> {
  const whole = await openWholeGraph(root, options);
  const { takeOut, takeOutUnneeded, ...graph } = whole;
  return {
    ...graph,
    async delete(reference, deletion, signal) {
      // Loaded by those alone who delete.
      const { openMounts } = await import("../mount/index.js");
      return openMounts(whole).deleteImage(reference, deletion, signal);
    },
  };
}
