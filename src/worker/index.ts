// stevedore-graph/worker: serve the queues of a graph on this host.
export { defaultLimits } from "./limits.js";
export type { Log, LogFields } from "./log.js";
export { inboxOf, makeInbox } from "./source.js";
export { type RunningWorker, startWorker, type WorkerOptions } from "./worker.js";
