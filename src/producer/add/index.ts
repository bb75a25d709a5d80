// The door of adding: what puts checked jobs into a queue, or lets them join those that do the same.
export { type AddedJob, addOrJoin } from "./add-or-join.js";
export { type CheckedJob, checkJob, type EnqueueOptions, type NewJob } from "./checked-job.js";
export { type Found, findSame, type Work } from "./same-work.js";
