// How large a job's data may be: Redis keeps it in memory, and whoever reads the job's record reads all of it.
import { JobError } from "../terms/index.js";
import { isBatch, type JobName } from "./contract.js";

/** Bytes of data as JSON. The largest that a job brings is an image's record. */
export const defaultJobBytes = 4 * 1024 ** 2;
/** The same of a batch: a million full ids take 67,000,001 bytes. */
export const defaultBatchBytes = 80 * 1024 ** 2;

/**
 * Checks the size of a job's data, as the JSON that goes to Redis.
 * @param limit for every job, in bytes; else each has its default
 * @returns that JSON
 * @throws `LIMIT_EXCEEDED`; `INVALID_JOB` for what JSON cannot hold
 */
export function assertJobSize(name: JobName, data: unknown, limit: number = defaultLimit(name)): string {
  const json = asJson(name, data);
  // A character takes three bytes at most.
  if (json.length * 3 <= limit) return json;
  const bytes = Buffer.byteLength(json);
  if (bytes <= limit) return json;
  throw new JobError(
    "LIMIT_EXCEEDED",
    `${name}: the job's data has ${bytes} bytes, more than ${limit}: a worker's --max-job-bytes and a producer's ` +
      "maxJobBytes raise the limit",
  );
}

function defaultLimit(name: JobName): number {
  return isBatch(name) ? defaultBatchBytes : defaultJobBytes;
}

function asJson(name: JobName, data: unknown): string {
  try {
    return JSON.stringify(data) ?? "";
  } catch (cause) {
    throw new JobError("INVALID_JOB", `${name}: the data is not JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}
