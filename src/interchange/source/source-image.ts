// What a source is read into, whatever its format: images, each a chain of layers with a record and an id.
import type { SourceFile } from "./files/index.js";

/** The formats that are read. */
export type SourceFormat = "docker" | "docker-legacy" | "oci";

/** The bytes of a layer as they lie in the source, compressed or not, and what vouches for them. */
export interface LayerBlob {
  readonly file: SourceFile;
  /** The digest they must have as they lie there; undefined where the source gives none. */
  readonly digest?: string | undefined;
  /** The digest that they must have decompressed; undefined where the source gives none. */
  readonly diffId?: string | undefined;
}

/** A layer, and the image of the graph that it becomes. */
export interface SourceLayer {
  readonly id: string;
  /** Null for a root of the forest. */
  readonly parent: string | null;
  /** The bytes of the image's `json`. */
  readonly record: Buffer;
  /** True if the id follows from what the layer and those below it are; else the source gives id and record. */
  readonly isDerived: boolean;
  readonly blob: LayerBlob;
}

/** An image of a source. */
export interface SourceImage {
  /** That of its last layer. */
  readonly id: string;
  /** Its names, `repository:tag`. */
  readonly names: readonly string[];
  /** Those that the source has of it, the base's first. */
  readonly layers: readonly SourceLayer[];
}

/** What of a source is read, and how much of it. */
export interface SourceRequest {
  /** `os/architecture[/variant]`. Default: this host's, where there is a choice. */
  readonly platform?: string | undefined;
  /** A repository to name the images by instead of their own, or with a tag the name of the only one. */
  readonly name?: string | undefined;
  /** The longest record of an image, in bytes. */
  readonly maxRecordBytes: number;
}

/** The most layers that an image may have: as many can be mounted. */
export const mostLayers = 500;
/** The most images that a source may have. */
export const mostImages = 1_000;
