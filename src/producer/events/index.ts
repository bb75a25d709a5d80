// The door of events.
export { type ConnectionEvent, type Interest, openEventStream, type QueueEvent } from "./event-stream.js";
export { followJob } from "./follow-job.js";
export { type JobEvent, type JobEvents, type JobUpdate, type LogLine, openJobEvents } from "./job-events.js";
export { openJobWatches, type WatchJob } from "./job-watches.js";
export type { JobWatch, WatchedEvent, Watcher } from "./watch-job.js";
