// The door of telemetry.
export type { BlockMetrics } from "./block-metrics.js";
export { openJobLog, writeLines } from "./job-log.js";
export { observeTry } from "./observed-job.js";
export { processMetrics } from "./process-metrics.js";
export { traceTools } from "./traces.js";
export { openWorkerMetrics, type WorkerMetrics } from "./worker-metrics.js";
