// The door of producer: enqueue jobs and hear of them. No native code of ours, no graph.
export { type EnqueueOptions, findSame, type NewJob } from "./add/index.js";
export { callbackId, type NotificationCounts, pendingField, registerCallback } from "./callbacks/index.js";
export { cancelledReason, fulfilCancellation } from "./cancel.js";
export type { Compressor, Compressors } from "./compressors.js";
export type { EnqueuedJob } from "./enqueue.js";
export type {
  ConnectionEvent,
  JobEvent,
  JobUpdate,
  JobWatch,
  LogLine,
  QueueEvent,
  WaitOptions,
  WatchedEvent,
  Watcher,
} from "./events/index.js";
export { type GraphQueues, openGraphQueues } from "./graph-queues.js";
export type { JobFilter } from "./job-filter.js";
export type { JobPage, PageCursor, PageRequest } from "./job-pages.js";
export type { AllCounts, InQueue, QueueCounts } from "./job-queries.js";
export { hasEnded, type JobRecord, type JobState, jobStates } from "./job-records.js";
export type { OperateFilter, Operations, Refusal } from "./operate/index.js";
export { openProducer, type Producer, type ProducerOptions } from "./producer.js";
export {
  type NewSchedule,
  nextRuns,
  type PausedSchedule,
  type Schedule,
  type Schedules,
} from "./schedules/index.js";
export type { ChildCounts } from "./search/index.js";
export { telemetryIfAsked } from "./telemetry.js";
export { guardWorker, isScriptError, removeRecord } from "./unreadable/index.js";
export { uploadsInUse } from "./uploads-in-use.js";
