// What a worker takes before it ends the work, unless the operator says otherwise: docs/limits.md tells why.
// Loaded by the command line's help, so it imports nothing that takes time.
import type { UnpackLimits } from "../layer/index.js";
import type { DownloadLimits } from "./sources/index.js";

/** Everything that is limited. */
export interface WorkerLimits extends UnpackLimits, DownloadLimits {
  /** Decompressed bytes of an `import`: of its layers together, of an archive compressed as a whole, and of a download. */
  readonly maxImportBytes: number;
  /** The image record of a `store`, `commit` or `import`, in bytes. No more than 64 MiB count: a longer one is not read back. */
  readonly maxRecordBytes: number;
  /** The data of a job as JSON, in bytes. Default: 4 MiB, and 80 MiB for the ids of a batch. */
  readonly maxJobBytes?: number | undefined;
  /** How long tar, xz and the like may neither read nor write while nothing keeps them from it, in ms. */
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
