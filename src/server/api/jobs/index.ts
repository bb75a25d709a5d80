// The door of jobs.
export { addJobRoutes } from "./enqueue.js";
export { addOperateRoutes } from "./operate.js";
export { addJobRecordRoutes } from "./records.js";
export { jobNotFound, jobParams, jobRecord } from "./shapes.js";
