// stevedore-graph/jobs: the contract between producers and workers. Imports nothing but zod.
export * from "./contract.js";
export * from "./error.js";
export { JobError } from "./error.js";
export {
  bytes,
  defaultRecipe,
  digest,
  imageIdPattern,
  imageName,
  imageNamePattern,
  imageReference,
  type Progress,
  parseProgress,
  progress,
  type RecipeName,
  recipeNames,
} from "./fields.js";
export { assertJobSize, defaultBatchBytes, defaultJobBytes, isBatch } from "./job-size.js";
export {
  differenceKinds,
  exportFormats,
  type ImageFields,
  type LayerSource,
  layerCompressions,
  listedImages,
  mismatchMessage,
  mountDriverNames,
  mountOptionNames,
  outboxFileName,
  uploadName,
} from "./kinds/index.js";
export * from "./queue.js";
export * from "./schedule.js";
export {
  parseWorkerStatus,
  type WorkerMetric,
  type WorkerStatus,
  workerStatusExpiry,
  workerStatusInterval,
  workerStatusKeys,
} from "./worker-status.js";
