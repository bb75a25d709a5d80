// Runs a job whose result is wanted at once.
import { ask } from "../api.js";
import type { JobRecord } from "../api-types.js";

/**
 * Enqueues a job and waits for its end.
 * @param seconds how long: then its record is returned as it is. Throws the job's failure as an ApiError
 */
export function runJob(name: string, data: unknown, seconds = 60): Promise<JobRecord> {
  return ask<JobRecord>(`jobs/${encodeURIComponent(name)}?wait=${seconds}`, { method: "POST", body: data });
}
