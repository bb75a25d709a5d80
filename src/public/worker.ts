// stevedore-graph/worker: serve the queues of a graph on this host.
export { inboxOf, makeInbox } from "../inbox/index.js";
export {
  defaultLimits,
  type Log,
  type LogFields,
  type RunningWorker,
  startWorker,
  type WorkerOptions,
} from "../worker/index.js";
