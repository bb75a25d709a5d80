// The door of search: finds and counts jobs on Redis's side.
export { type CountCancelled, openCancelledCounts } from "./cancelled-counts.js";
export { type ChildCounts, countChildren } from "./child-counts.js";
export { findIds } from "./find-ids.js";
export { scanJobs, siftIds } from "./scan-jobs.js";
