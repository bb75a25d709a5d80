// stevedore-graph/producer: enqueue jobs and hear of them, from any service. No native code is loaded.
export { JobError, type WorkerMetric, type WorkerStatus } from "../jobs/index.js";
export type { ConnectionEvent, QueueEvent } from "./event-stream.js";
export type { JobEvent, JobUpdate, LogLine } from "./job-events.js";
export type { JobPage, PageCursor, PageRequest } from "./job-pages.js";
export { type JobRecord, type JobState, jobStates } from "./job-records.js";
export {
  type AllCounts,
  type EnqueuedJob,
  type NewJob,
  openProducer,
  type Producer,
  type ProducerOptions,
  type QueueCounts,
} from "./producer.js";
export { describeRedis } from "./redis-url.js";
export type { NewSchedule, Schedule, Schedules } from "./schedules.js";
export { telemetryIfAsked } from "./telemetry.js";
export type { JobWatch, WatchedEvent, Watcher } from "./watch-job.js";
