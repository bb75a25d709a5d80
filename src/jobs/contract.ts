// Which jobs there are, on which queue each runs, and the schemas of its data and result.
import { z } from "zod";
import { type ErrorCode, errorCodes, JobError } from "./error.js";
import { progress } from "./fields.js";
import {
  changesData,
  changesResult,
  checksumData,
  checksumGraphData,
  checksumGraphResult,
  checksumResult,
  commitData,
  commitResult,
  deleteData,
  deleteResult,
  exportData,
  exportResult,
  gcData,
  gcResult,
  importData,
  importResult,
  mountData,
  mountResult,
  storeData,
  storeResult,
  tagData,
  tagResult,
  unmountData,
  unmountResult,
  untagData,
  untagResult,
  verifyData,
  verifyGraphData,
  verifyGraphResult,
  verifyResult,
} from "./kinds/index.js";
import type { HostQueueName } from "./queue.js";

/** The queues, apart because each waits for something else: the disk, the CPU, or next to nothing. */
export const queueNames = ["store", "checksum", "mount"] as const;
export type QueueName = (typeof queueNames)[number];

/** The contract: per job its queue, and the zod schemas of its data and its result. */
export const contract = {
  store: { queue: "store", data: storeData, result: storeResult },
  commit: { queue: "store", data: commitData, result: commitResult },
  import: { queue: "store", data: importData, result: importResult },
  export: { queue: "store", data: exportData, result: exportResult },
  delete: { queue: "store", data: deleteData, result: deleteResult },
  gc: { queue: "store", data: gcData, result: gcResult },
  tag: { queue: "store", data: tagData, result: tagResult },
  untag: { queue: "store", data: untagData, result: untagResult },
  checksum: { queue: "checksum", data: checksumData, result: checksumResult },
  "checksum-graph": { queue: "checksum", data: checksumGraphData, result: checksumGraphResult },
  verify: { queue: "checksum", data: verifyData, result: verifyResult },
  "verify-graph": { queue: "checksum", data: verifyGraphData, result: verifyGraphResult },
  mount: { queue: "mount", data: mountData, result: mountResult },
  unmount: { queue: "mount", data: unmountData, result: unmountResult },
  changes: { queue: "mount", data: changesData, result: changesResult },
} as const satisfies Record<string, { queue: QueueName; data: z.ZodType; result: z.ZodType }>;

export type JobName = keyof typeof contract;
export const jobNames = Object.keys(contract) as readonly JobName[];
/** What a producer hands in. */
export type JobData<Name extends JobName = JobName> = z.input<(typeof contract)[Name]["data"]>;
/** The same once it has been checked. */
export type CheckedJobData<Name extends JobName = JobName> = z.output<(typeof contract)[Name]["data"]>;
/** What stands in the job record when it is completed. */
export type JobResult<Name extends JobName = JobName> = z.output<(typeof contract)[Name]["result"]>;

/** Any queue of a graph. */
export type AnyQueueName = QueueName | HostQueueName;

/** The queue of a job: that of its host, if its data names one. */
export function queueOf<Name extends JobName>(name: Name, data: CheckedJobData<Name>): AnyQueueName {
  const { queue } = contract[name];
  const { host } = data as { readonly host?: string | undefined };
  return host === undefined ? queue : (`${queue}@${host}` as HostQueueName);
}

/** True for the name of a job. */
export function isJobName(name: string): name is JobName {
  return Object.hasOwn(contract, name);
}

/**
 * Checks a job's data against the contract and returns it.
 * @throws `INVALID_JOB`, or the code of the field that is wrong: `INVALID_ID`, `INVALID_NAME`, `UNKNOWN_RECIPE`.
 */
export function parseJobData<Name extends JobName>(name: Name, data: unknown): CheckedJobData<Name> {
  const parsed = contract[name].data.safeParse(data);
  if (parsed.success) return parsed.data as CheckedJobData<Name>;
  throw new JobError(codeOf(parsed.error), `${name}: ${describe(parsed.error)}`);
}

/**
 * The contract as JSON Schema (draft 2020-12), for producers that are not written in TypeScript:
 * `{store: {queue, data, result}, …}` with the schema of `progress` beside them.
 */
export function contractAsJsonSchema() {
  const jobs = Object.fromEntries(
    Object.entries(contract).map(([name, { queue, data, result }]) => [
      name,
      { queue, data: z.toJSONSchema(data, { io: "input" }), result: z.toJSONSchema(result) },
    ]),
  );
  return { jobs, progress: z.toJSONSchema(progress), errorCodes };
}

function codeOf(error: z.ZodError): ErrorCode {
  for (const issue of error.issues) {
    if (issue.code !== "custom") continue;
    const code = errorCodes.find((known) => known === issue.params?.code);
    if (code !== undefined) return code;
  }
  return "INVALID_JOB";
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}
