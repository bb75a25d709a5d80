// Enqueues a job under an idempotency key, so that a repeated request enqueues nothing more.
import { createHash, randomUUID } from "node:crypto";
import type { Redis } from "ioredis";
import { type CheckedJobData, JobError, type JobName, keyPrefix, retention } from "../jobs/index.js";

/** How long a key is kept after its last use, in s: as long as any job's record is kept. */
const remembered = Math.max(retention.completed.age, retention.failed.age);

interface OnceAccess {
  readonly redis: Redis;
  readonly graphName: string;
  /** Whether the record of a job is there. */
  has(jobId: string): Promise<boolean>;
  /** Enqueues the job under this id; returns that of the job it became, or joined. */
  enqueue(jobId: string): Promise<string>;
}

/**
 * Returns the id of a key's job: a new one the first time, afterwards the same for as long as its record is kept. The id is
 * stored before the job is enqueued, so that nothing is lost or doubled if this is interrupted, or runs twice at once.
 * @throws `INVALID_JOB` for a key that was used for another job; what `enqueue` throws
 */
export async function enqueueOnce<Name extends JobName>(
  key: string,
  name: Name,
  data: CheckedJobData<Name>,
  { redis, graphName, has, enqueue }: OnceAccess,
): Promise<string> {
  const entry = `${keyPrefix(graphName)}:idempotency:${sha256(key)}`;
  const fingerprint = sha256(`${name}\0${canonicalJson(data)}`);
  const fresh = randomUUID();
  const isNew = (await redis.set(entry, `${fingerprint} ${fresh}`, "EX", remembered, "NX")) === "OK";
  const [storedFingerprint, id] = isNew
    ? [fingerprint, fresh]
    : ((await redis.getex(entry, "EX", remembered)) ?? "").split(" ");
  // The key expired between the two commands.
  if (id === undefined) return enqueueOnce(key, name, data, { redis, graphName, has, enqueue });
  if (storedFingerprint !== fingerprint) {
    throw new JobError(
      "INVALID_JOB",
      "this idempotency key was used for another job: a new job takes a new key",
    );
  }
  if (!isNew && (await has(id))) return id;
  const enqueued = await enqueue(id);
  if (enqueued !== id) await redis.set(entry, `${fingerprint} ${enqueued}`, "EX", remembered);
  return enqueued;
}

/** JSON with sorted fields: the same text for the same value, in whatever order its fields came. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, each: unknown) =>
    typeof each === "object" && each !== null && !Array.isArray(each)
      ? Object.fromEntries(Object.entries(each).sort(([one], [other]) => (one < other ? -1 : 1)))
      : each,
  );
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
