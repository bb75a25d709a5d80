// What may be said of a job besides its data: which jobs go first, and when it is due.
import { z } from "zod";
import { JobError, largestPriority, longestDelayMs } from "../terms/index.js";

export interface JobOptions {
  /** 1 to 2,097,151, the lower first; 0, the default, goes before all of them. */
  readonly priority?: number | undefined;
  /** After how many ms it is due; a year at most. Default: at once. */
  readonly delayMs?: number | undefined;
}

const jobOptions = z.object({
  priority: z.int().min(0).max(largestPriority).optional(),
  delayMs: z.int().min(0).max(longestDelayMs).optional(),
});

/** Checks what a producer was handed. @throws `INVALID_JOB` naming the field */
export function parseJobOptions(options: JobOptions): JobOptions {
  // Most jobs have neither.
  if (options.priority === undefined && options.delayMs === undefined) return {};
  const parsed = jobOptions.safeParse(options);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new JobError("INVALID_JOB", `${issue?.path.join(".")}: ${issue?.message}`);
}
