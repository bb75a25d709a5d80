// What every format is written from.
import { createHash } from "node:crypto";
import type { Image } from "../../graph/index.js";
import type { ArchiveWriter } from "./archive-writer.js";
import type { LayerCompression } from "./compress.js";
import type { ReadyLayer } from "./ready-layers.js";

/** An image that is exported. */
export interface ExportedImage {
  readonly id: string;
  /** `repository:tag`. */
  readonly names: readonly string[];
  /** The images of its history, base first. */
  readonly layers: readonly Image[];
}

/** What is written. */
export interface ExportContent {
  /** Each once. */
  readonly images: readonly ExportedImage[];
  /** The layers of all of them, each once. */
  readonly layers: AsyncIterable<ReadyLayer>;
  readonly compression: LayerCompression;
}

/** Writes the content in a format, but for the archive's end. */
export type WriteFormat = (content: ExportContent, archive: ArchiveWriter) => Promise<void>;

/** The digest of a document. */
export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}
