// The door of events.
export type { ConnectionEvent, QueueEvent } from "./event-stream.js";
export type { JobEvent, JobUpdate, LogLine } from "./job-events.js";
export { type JobStreams, openJobStreams, type WaitOptions } from "./job-streams.js";
export type { JobWatch, WatchedEvent, Watcher } from "./watch-job.js";
