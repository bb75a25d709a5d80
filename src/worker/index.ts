// stevedore-graph/worker: serve the queues of a graph on this host.

export { parseAllowedHost, parseRegistryHost } from "../outbound/index.js";
export { type CompressorOptions, type RunningCompressor, startCompressor } from "./compressor/index.js";
export {
  defaultBlockCache,
  defaultLimits,
  defaultOffloadMemory,
  defaultRegistryConcurrency,
  type WorkerLimits,
} from "./limits.js";
export type { Log, LogFields } from "./log.js";
export { parseRegistryMirror } from "./registry-policy.js";
export { type RunningWorker, startWorker } from "./worker.js";
export type { WorkerOptions } from "./worker-options.js";
