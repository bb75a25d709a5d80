// stevedore-graph/worker: serve the queues of a graph on this host.
export { inboxOf, makeInbox } from "../inbox/index.js";
export {
  type CompressorOptions,
  defaultLimits,
  type Log,
  type LogFields,
  type RunningCompressor,
  type RunningWorker,
  startCompressor,
  startWorker,
  type WorkerOptions,
} from "../worker/index.js";
