// The door of batches.
export { type Batch, batchOf, type FailedImage } from "./batch.js";
export { type BatchProgress, type ChildProgress, openBatchProgress } from "./batch-progress.js";
export { runBatch } from "./run-batch.js";
