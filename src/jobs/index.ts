// stevedore-graph/jobs: the contract between producers and workers. Imports nothing but zod.
export * from "./contract.js";
export * from "./error.js";
export {
  defaultRecipe,
  imageIdPattern,
  imageName,
  imageNamePattern,
  type Progress,
  parseProgress,
  progress,
  type RecipeName,
  recipeNames,
} from "./fields.js";
export { assertJobSize, defaultBatchBytes, defaultJobBytes, isBatch } from "./job-size.js";
export { mountDriverNames, mountOptionNames } from "./mount-fields.js";
export * from "./queue.js";
export * from "./schedule.js";
export type { ImageFields, LayerSource } from "./store.js";
export { differenceKinds, mismatchMessage } from "./verify.js";
export {
  parseWorkerStatus,
  type WorkerMetric,
  type WorkerStatus,
  workerStatusExpiry,
  workerStatusInterval,
  workerStatusKeys,
} from "./worker-status.js";
