// What an operation on jobs works with, and what it says of those that it leaves as they are.
import type { Redis } from "ioredis";
import type { AnyQueueName, ErrorCode } from "../../jobs/index.js";
import { onOneLine } from "../../terms/index.js";
import type { GraphQueues } from "../graph-queues.js";

/** A job that was left as it is, and why. */
export interface Refusal {
  readonly id: string;
  readonly queue: AnyQueueName;
  /** `JOB_NOT_FOUND` for one that is gone, `INVALID_JOB` for one whose state does not allow it. */
  readonly code: ErrorCode;
  readonly message: string;
}

export interface OperateAccess {
  readonly redis: Redis;
  readonly graphName: string;
  readonly queues: GraphQueues;
}

/** Does something with some jobs of a queue, and returns those that it left as they are. */
export type Operation = (
  access: OperateAccess,
  queue: AnyQueueName,
  ids: readonly string[],
) => Promise<Refusal[]>;

/** A job that the queue does not have, or no longer. */
export function gone(queue: AnyQueueName, id: string): Refusal {
  const message = `the queue ${queue} has no job ${JSON.stringify(id)}, or no longer`;
  return { id, queue, code: "JOB_NOT_FOUND", message };
}

/** @param why follows on "the job cannot be retried" and the like */
export function refused(queue: AnyQueueName, id: string, what: string, why: string): Refusal {
  return { id, queue, code: "INVALID_JOB", message: `the job ${onOneLine(id)} cannot be ${what}: ${why}` };
}
