// What may be said of a job besides its data: which jobs go first, when it is due, and who is told of its end.
import { z } from "zod";
import { JobError, largestPriority, longestDelayMs } from "../terms/index.js";
import { type Notify, parseNotify } from "./notify.js";

export interface JobOptions {
  /** 1 to 2,097,151, the lower first; 0, the default, goes before all of them. */
  readonly priority?: number | undefined;
  /** After how many ms it is due; a year at most. Default: at once. */
  readonly delayMs?: number | undefined;
  /** Who is told of the job's end by HTTP, also if the job joins another. */
  readonly notify?: Notify | undefined;
}

const jobOptions = z.object({
  priority: z.int().min(0).max(largestPriority).optional(),
  delayMs: z.int().min(0).max(longestDelayMs).optional(),
});

/** Checks what a producer was handed. @throws `INVALID_JOB` naming the field */
export function parseJobOptions(options: JobOptions): JobOptions {
  const notify = options.notify === undefined ? undefined : parseNotify(options.notify);
  // Most jobs have neither.
  if (options.priority === undefined && options.delayMs === undefined) return { notify };
  const parsed = jobOptions.safeParse(options);
  if (parsed.success) return { ...parsed.data, notify };
  const [issue] = parsed.error.issues;
  throw new JobError("INVALID_JOB", `${issue?.path.join(".")}: ${issue?.message}`);
}
