// What is to be said of a kind of job. Each kind says it in its own file, and every list of jobs is derived from that.
import type { z } from "zod";
import type { JobFacts, QueueName } from "./facts/index.js";

export interface JobKind<
  Name extends string,
  Queue extends QueueName,
  Data extends z.ZodType,
  Result extends z.ZodType,
  Unrepeatable extends string | null,
  BatchOf extends string | null,
  GoesToHost extends boolean,
> extends Pick<JobFacts, "subject" | "changesPicture"> {
  readonly name: Name;
  readonly queue: Queue;
  readonly data: Data;
  /** The schema of what stands in the job's record when it is completed. */
  readonly result: Result;
  /** Why a schedule may not repeat it; null for one that may be repeated. */
  readonly unrepeatable: Unrepeatable;
  /** The kind of its children if it is a batch, whose data may name a million images; else null. */
  readonly batchOf: BatchOf;
  /** Whether a `host` in its data says whose workers are to do it. */
  readonly goesToHost: GoesToHost;
  /**
   * A job that waits or runs is joined by one of the same deduplication id, which this makes; undefined for data that is
   * never joined. Null for a kind of which none is.
   */
  readonly deduplicationId: ((data: z.output<Data>) => string | undefined) | null;
}

/** Declares a kind of job. */
export function defineJob<
  const Name extends string,
  const Queue extends QueueName,
  Data extends z.ZodType,
  Result extends z.ZodType,
  const Unrepeatable extends string | null,
  const BatchOf extends string | null,
  const GoesToHost extends boolean,
>(
  kind: JobKind<Name, Queue, Data, Result, Unrepeatable, BatchOf, GoesToHost>,
): JobKind<Name, Queue, Data, Result, Unrepeatable, BatchOf, GoesToHost> {
  return kind;
}
