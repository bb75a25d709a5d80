// stevedore-graph/worker: serve the queues of a graph on this host.
export { inboxOf, makeInbox } from "../inbox/index.js";
export { defaultLimits } from "./limits.js";
export type { Log, LogFields } from "./log.js";
export { type RunningWorker, startWorker, type WorkerOptions } from "./worker.js";
