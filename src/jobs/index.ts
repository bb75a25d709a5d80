// The contract between producers and workers. Imports nothing but zod and the terms.
export {
  defaultRecipe,
  type ErrorCode,
  errorCodes,
  imageIdPattern,
  imageNamePattern,
  isTransient,
  JobError,
  type NotifyEvent,
  notifyEvents,
  type RecipeName,
  recipeNames,
} from "../terms/index.js";
export {
  type CompressData,
  type CompressResult,
  compressAsJsonSchema,
  compressData,
  compressQueue,
  compressResult,
  largestOutput,
  type PayloadKeys,
  parseCompressData,
  parseCompressResult,
  payloadExpiry,
  payloadKey,
  payloadKeys,
} from "./compress.js";
export {
  blocksAhead,
  type CompressorStatus,
  compressorKeys,
  compressorStatus,
  parseCompressorStatus,
  refusalExpiry,
} from "./compressor-status.js";
export {
  type AnyQueueName,
  type BatchChildName,
  type CheckedJobData,
  codeOfIssues,
  contract,
  contractAsJsonSchema,
  deduplicationId,
  type HostQueueName,
  hostedQueueNames,
  isBatch,
  isJobName,
  isSameWorkId,
  type JobData,
  type JobName,
  type JobResult,
  jobFacts,
  jobNames,
  parseJobData,
  queueOf,
  queuesOfHost,
  subjectOf,
} from "./contract.js";
export { hostQueueName, type QueueName, queueNames, splitQueueName } from "./facts/index.js";
export { formatFailedReason, isCancelledReason, parseFailedReason, reasonPrefix } from "./failed-reason.js";
export {
  bytes,
  digest,
  imageName,
  imageReference,
  type Progress,
  parseProgress,
  progress,
} from "./fields.js";
export { type JobOptions, parseJobOptions } from "./job-options.js";
export { assertJobSize, defaultBatchBytes, defaultJobBytes } from "./job-size.js";
export {
  type ImageFields,
  type LayerSource,
  listedImages,
  listedSkipped,
  mismatchMessage,
  mountOptionNames,
  outboxFileName,
  uploadName,
} from "./kinds/index.js";
export {
  type CallbackRecord,
  callbackField,
  callbackFieldPrefix,
  callbacksKey,
  type Notify,
  notify,
  notifyPauses,
  notifyQueue,
  type PendingCallback,
  parseNotify,
} from "./notify.js";
export {
  batchKey,
  type CancellationMessage,
  cancellationKeys,
  cancellationName,
  childPrefix,
  eventsKey,
  graphIdKey,
  hostsKey,
  isJobId,
  jobIdPattern,
  jobLogEvent,
  keyPrefix,
  longestJobId,
  noJob,
  retention,
  retryPolicy,
} from "./queue.js";
export {
  assertRepeatable,
  lastRunsKey,
  type RepeatableJobName,
  repeatableJobNames,
  scheduleIdPattern,
} from "./schedule.js";
export {
  parseWorkerStatus,
  sumOfMetric,
  type WorkerMetric,
  type WorkerStatus,
  workerStatusExpiry,
  workerStatusInterval,
  workerStatusKeys,
} from "./worker-status.js";
