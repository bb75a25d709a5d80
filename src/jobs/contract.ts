// The contract: which jobs there are, on which queue each runs, and the schemas of its data and result. All of it comes
// from the list in kinds/.
import { createHash } from "node:crypto";
import { z } from "zod";
import { type ErrorCode, errorCodes, isErrorCode, JobError } from "../terms/index.js";
import { findSubject, hostQueueName, type JobFacts, type QueueName, usualSubject } from "./facts/index.js";
import { progress } from "./fields.js";
import { jobKinds } from "./kinds/index.js";

type Kind = (typeof jobKinds)[number];

export type JobName = Kind["name"];
export const jobNames: readonly JobName[] = jobKinds.map(({ name }) => name);

/** Per job all there is to say of it, such as its queue, and the zod schemas of its data and its result. */
export const contract = Object.fromEntries(jobKinds.map((kind) => [kind.name, kind])) as {
  readonly [Each in Kind as Each["name"]]: Each;
};

/** What a producer hands in. */
export type JobData<Name extends JobName = JobName> = z.input<(typeof contract)[Name]["data"]>;
/** The same once it has been checked. */
export type CheckedJobData<Name extends JobName = JobName> = z.output<(typeof contract)[Name]["data"]>;
/** What stands in the job record when it is completed. */
export type JobResult<Name extends JobName = JobName> = z.output<(typeof contract)[Name]["result"]>;

/** The jobs that are the children of a batch. */
export type BatchChildName = NonNullable<Kind["batchOf"]>;

type HostedKind = Extract<Kind, { readonly goesToHost: true }>;

/** A host's own queue: `store@<host>` or `mount@<host>`. */
export type HostQueueName = `${HostedKind["queue"]}@${string}`;

/** Any queue of a graph. */
export type AnyQueueName = QueueName | HostQueueName;

/** The queues of which every host has one of its own besides, for the jobs that only its workers can do. */
export const hostedQueueNames: readonly HostedKind["queue"][] = [
  ...new Set(jobKinds.filter((kind): kind is HostedKind => kind.goesToHost).map(({ queue }) => queue)),
];

/** The names of a host's own queues. */
export function queuesOfHost(host: string): HostQueueName[] {
  return hostedQueueNames.map((queue) => hostQueueName(queue, host));
}

/** The queue of a job: that of its host, if its data names one. */
export function queueOf<Name extends JobName>(name: Name, data: CheckedJobData<Name>): AnyQueueName {
  const kind: Kind = contract[name];
  if (!kind.goesToHost) return kind.queue;
  const { host } = data as { readonly host?: string | undefined };
  return host === undefined ? kind.queue : hostQueueName(kind.queue, host);
}

/** True for the name of a job. */
export function isJobName(name: string): name is JobName {
  return Object.hasOwn(contract, name);
}

/** True for a job whose data may name a million images, each of which a child job is for. */
export function isBatch(name: JobName): boolean {
  return contract[name].batchOf !== null;
}

/** What a job is about, as lists show it: an image, a mount, a name; empty if there is nothing to name. */
export function subjectOf(job: {
  readonly name: string | null;
  readonly data: unknown;
  readonly result?: unknown;
}): string {
  const isKnown = job.name !== null && isJobName(job.name);
  return findSubject(isKnown ? contract[job.name].subject : usualSubject, job);
}

/** What the dashboard's pages know of the kinds, as JSON can hold it. */
export function jobFacts(): JobFacts[] {
  return jobKinds.map(({ name, queue, batchOf, changesPicture, subject }) => ({
    name,
    queue,
    isBatch: batchOf !== null,
    changesPicture,
    subject,
  }));
}

/**
 * The deduplication id of a job (a letter and 21 of `A-Z a-z 0-9 _ -`), or undefined for one that is never joined. A job
 * that waits or runs is joined by one of the same id: so are a `checksum` of the same image and recipe, a `verify` of the
 * same image, a batch of all images, and a `gc` that keeps the same.
 */
export function deduplicationId<Name extends JobName>(
  name: Name,
  data: CheckedJobData<Name>,
): string | undefined {
  const make = contract[name].deduplicationId as ((data: CheckedJobData<Name>) => string | undefined) | null;
  const text = make?.(data);
  // Short, whatever an image is called: Redis holds it for each job that waits. 126 bits tell all works apart.
  if (text === undefined) return undefined;
  // Not with a hyphen first: a command would take that for a flag.
  return `${name.charAt(0)}${createHash("sha256").update(text).digest("base64url").slice(0, 21)}`;
}

/** Whether a job's id may be a deduplication id: that is what the first job of some work is called. */
export function isSameWorkId(id: string): boolean {
  return /^[a-z][A-Za-z0-9_-]{21}$/.test(id);
}

/**
 * Checks a job's data against the contract and returns it.
 * @throws `INVALID_JOB`, or the code of the field that is wrong: `INVALID_ID`, `INVALID_NAME`, `UNKNOWN_RECIPE`.
 */
export function parseJobData<Name extends JobName>(name: Name, data: unknown): CheckedJobData<Name> {
  const parsed = contract[name].data.safeParse(data);
  if (parsed.success) return parsed.data as CheckedJobData<Name>;
  throw new JobError(codeOfIssues(parsed.error.issues), `${name}: ${describe(parsed.error)}`);
}

/**
 * The code of data that breaks the contract: that of the first field which stands for one of its own, else `INVALID_JOB`.
 * @param issues those of zod, in which a field of the contract has its code under `params`
 */
export function codeOfIssues(issues: readonly object[]): ErrorCode {
  for (const issue of issues) {
    const { params } = issue as { readonly params?: { readonly code?: unknown } };
    if (isErrorCode(params?.code)) return params.code;
  }
  return "INVALID_JOB";
}

/**
 * The contract as JSON Schema (draft 2020-12), for producers that are not written in TypeScript:
 * `{store: {queue, data, result}, …}` with the schema of `progress` beside them.
 */
export function contractAsJsonSchema() {
  // An HTTP server in this process gives the schemas names for its own document, by which they would refer to each other.
  const metadata = {
    get(schema: z.ZodType) {
      const { id: _, ...rest } = z.globalRegistry.get(schema) ?? {};
      return rest;
    },
  } as unknown as typeof z.globalRegistry;
  const jobs = Object.fromEntries(
    jobKinds.map(({ name, queue, data, result }) => [
      name,
      {
        queue,
        data: z.toJSONSchema(data, { io: "input", metadata }),
        result: z.toJSONSchema(result, { metadata }),
      },
    ]),
  );
  return { jobs, progress: z.toJSONSchema(progress), errorCodes };
}

function describe(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length === 0 ? message : `${path.join(".")}: ${message}`))
    .join("; ");
}
