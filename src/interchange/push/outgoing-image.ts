// What all ways of pushing an image share: its layers, the repository's blobs, and how the layers get on.
import type { Graph } from "../../graph/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { LayersProgress } from "../layer-progress.js";
import type { ExportedImage, OutgoingLayer, Threads } from "../target/index.js";
import type { Blob, TargetBlobs } from "./target-blobs.js";

/** An image that is pushed, and where to. */
export interface OutgoingImage {
  readonly graph: Graph;
  readonly image: ExportedImage;
  /** Base first. */
  readonly layers: readonly OutgoingLayer[];
  readonly blobs: TargetBlobs;
  readonly progress: LayersProgress;
  readonly threads: Threads;
  /** How many layers are made and sent side by side. */
  readonly concurrency: number;
  /** A directory for layers that are compressed. */
  readonly staging: string;
}

/** A manifest whose config and layers the repository has. */
export interface ReadyManifest {
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** The blobs that it names. */
  readonly config: Blob;
  readonly layers: readonly Blob[];
}

/** Which manifest is wanted. */
export interface WantedForm {
  /** Undefined for whichever the image has, or else OCI's. */
  readonly format: "oci" | "docker" | undefined;
  /** Undefined for whichever the image has, or else gzip. */
  readonly compression: "gzip" | "zstd" | undefined;
}

/** @throws `INVALID_JOB` for layers in zstd and Docker's manifest: no engine of Docker's takes them so */
export function assertForm({ format, compression }: WantedForm): void {
  if (format !== "docker" || compression !== "zstd") return;
  throw new StevedoreError(
    "INVALID_JOB",
    "Docker's manifest has no layers in zstd: push with the format oci, or with gzip",
  );
}
