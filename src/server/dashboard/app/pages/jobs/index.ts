// The pages of jobs: all of them, one, and a batch.
export { BatchPage } from "./batch.js";
export { JobPage } from "./job.js";
export { JobsPage } from "./jobs.js";
