// What the writers of all formats are given.
import { createHash } from "node:crypto";
import type { Image } from "../../graph/index.js";
import type { ArchiveWriter } from "./archive-writer.js";
import type { LayerCompression } from "./compress.js";
import type { ReadyLayer } from "./ready-layers.js";

/** An image that is exported. */
export interface ExportedImage {
  readonly id: string;
  /** Its names, `repository:tag`. */
  readonly names: readonly string[];
  /** The image and its ancestors, base first. */
  readonly chain: readonly Image[];
  /** Those of them whose layers make up what the image shows. */
  readonly layers: readonly Image[];
}

/** The content of an archive. */
export interface ExportContent {
  /** The images, each once. */
  readonly images: readonly ExportedImage[];
  /** The layers of all images, each once. */
  readonly layers: AsyncIterable<ReadyLayer>;
  readonly compression: LayerCompression;
  /** Whether layers and configs are written anew, even if they came in. */
  readonly isCanonical: boolean;
}

/** Writes the content in one format. It does not end the archive. */
export type WriteFormat = (content: ExportContent, archive: ArchiveWriter) => Promise<void>;

/** Returns the sha256 of a document in hex. */
export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
