// stevedore-graph/jobs: the contract between producers and workers. Imports nothing but zod.
export * from "../jobs/index.js";
