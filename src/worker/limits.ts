// The limits at which a worker ends a job, unless the operator sets others: docs/limits.md says why.
// Loaded by the command line's help, so it imports nothing that takes time.
import type { UnpackLimits } from "../layer/index.js";
import type { DownloadLimits } from "../outbound/index.js";

/** The limits of a worker. */
export interface WorkerLimits extends UnpackLimits, DownloadLimits {
  /** Decompressed bytes of an `import`: of its layers together, of an archive compressed as a whole, and of a download. */
  readonly maxImportBytes: number;
  /** The image record of a `store`, `commit` or `import`, in bytes. 64 MiB at most: a longer record cannot be read back. */
  readonly maxRecordBytes: number;
  /** The data of a job as JSON, in bytes. Default: 4 MiB, and 80 MiB for the ids of a batch. */
  readonly maxJobBytes?: number | undefined;
  /** How long a tool such as tar or xz may neither read nor write although it could, in ms. */
  readonly toolSilenceMs: number;
}

/**
 * 8 GiB of archive once decompressed, and ten million entries. Registries take layers of 10 GB at most;
 * a few KB can decompress to any number of zeros.
 */
export const defaultLimits = {
  maxBytes: 8 * 1024 ** 3,
  maxEntries: 10_000_000,
  maxImportBytes: 64 * 1024 ** 3,
  maxRecordBytes: 1024 ** 2,
  toolSilenceMs: 300_000,
  downloadMs: 6 * 3_600_000,
  downloadSilenceMs: 60_000,
  downloadResumes: 5,
} as const satisfies WorkerLimits;

/** Bytes of the blocks of unfinished checksums that a root keeps: some 2,000 blocks. */
export const defaultBlockCache = 4 * 1024 ** 3;

/** How many layers of an image are pulled or pushed at a time: as many as Docker fetches. */
export const defaultRegistryConcurrency = 3;

/** The bytes of blocks that may be with compressors at a time. */
export const defaultOffloadMemory = 256 * 1024 ** 2;
