// The images of a source, the same for all formats: each becomes a chain of images of the graph.
import type { ImageDocuments } from "../../graph/index.js";
import type { SourceFile } from "./files/index.js";

/** The formats that an import reads. */
export type { SourceFormat } from "../../terms/index.js";

/** The bytes of a layer as the source stores them, compressed or not, with the digests that they must have. */
export interface LayerBlob {
  readonly file: SourceFile;
  /** The digest of the bytes as they are stored; undefined if the source gives none. */
  readonly digest?: string | undefined;
  /** The digest of the decompressed bytes; undefined if the source gives none. */
  readonly diffId?: string | undefined;
  /** Tells by the diffID whether an archive without its end is whole; absent if nothing tells that. */
  readonly isWhole?: ((diffId: string) => boolean) | undefined;
}

/** An image of the graph to be. */
interface ImageToBe {
  readonly id: string;
  /** Null for an image without a parent. */
  readonly parent: string | null;
  /** The bytes of the image's `json`. */
  readonly record: Buffer;
}

/** A layer, and the image of the graph that it becomes. */
export interface SourceLayer extends ImageToBe {
  /** True if the id is computed from the layer and those below it; false if the source gives id and record. */
  readonly isDerived: boolean;
  readonly blob: LayerBlob;
  readonly documents?: undefined;
}

/** A config, and the image of the graph that it becomes: one with an empty layer, above those of its layers. */
export interface SourceConfig extends ImageToBe {
  readonly documents: ImageDocuments;
  readonly blob?: undefined;
}

/** A link of an image's chain. */
export type ChainImage = SourceLayer | SourceConfig;

/** An image of a source. */
export interface SourceImage {
  /** The id of the last image of its chain. */
  readonly id: string;
  /** Its names, `repository:tag`. */
  readonly names: readonly string[];
  /** Its chain as far as the source has it, base first. */
  readonly chain: readonly ChainImage[];
}

/** Which images of a source are read, and under which names. */
export interface SourceRequest {
  /** `os/architecture[/variant]`. Default: the platform of this host, if an image has several. */
  readonly platform?: string | undefined;
  /** A repository that replaces those of the images, or with a tag the name of the single image. */
  readonly name?: string | undefined;
  /** The longest record of an image, in bytes. */
  readonly maxRecordBytes: number;
}

/** How many layers an image may have: no more can be mounted. */
export const mostLayers = 500;
/** How many images a source may have. */
export const mostImages = 1_000;
