// What a handler works with: one try of a job, and the host it runs on.
import type { BlockStore, Claims, Graph } from "../../graph/index.js";
import type { Registries } from "../../interchange/index.js";
import type { CheckedJobData, JobName, JobResult, Progress } from "../../jobs/index.js";
import type { XzBlock } from "../../layer/index.js";
import type { Mounts } from "../../mount/index.js";
import type { Producer } from "../../producer/index.js";
import type { Batch } from "../batches/index.js";
import type { CompressorPool } from "../compress/index.js";
import type { CpuBudget } from "../cpu-budget.js";
import type { WorkerLimits } from "../limits.js";
import type { OtherHost } from "../other-host.js";
import type { SourcePolicy } from "../sources/index.js";
import type { Urgency } from "../turns.js";

/** What the handlers of a worker process share. */
export interface WorkerHost {
  readonly graph: Graph;
  readonly mounts: Mounts;
  readonly cpu: CpuBudget;
  readonly compressors: CompressorPool;
  readonly sources: SourcePolicy;
  readonly registries: Registries;
  readonly limits: WorkerLimits;
  /** Whether a worker that is not root may store layers without their owners. */
  readonly allowSquash: boolean;
  /** How long an export that nobody fetches stays in the outbox; undefined for ever. */
  readonly keepExportsMs: number | undefined;
  readonly producer: Producer;
  /** Who computes which checksum: others, of this process or not, wait for it. */
  readonly claims: Claims;
  /** The blocks of checksums that are not finished; undefined where none are kept. */
  readonly blocks: BlockStore<XzBlock> | undefined;
}

/** One try of a job. */
export interface JobTry<Name extends JobName> {
  readonly id: string;
  /** Checked against the contract. */
  readonly data: CheckedJobData<Name>;
  /** True if an earlier try of this job has begun, however it ended. */
  readonly isRepeat: boolean;
  /** `batch` for the child of a batch. */
  readonly urgency: Urgency;
  /** True if this error ends the job: it is permanent, or this is the last try. */
  isFinal(error: unknown): boolean;
  /** Replaces the job's data, so that the next try finds what this one decided. */
  amend(data: CheckedJobData<Name>): Promise<void>;
  report(progress: Progress): void;
  /** The children of a job that is a batch. */
  readonly batch: Batch;
  /** For a job about a mount that another host has. */
  readonly otherHost: OtherHost<Name>;
}

/** Runs one try of a job. Safe to run again after a try that died at any point. */
export type Handler<Name extends JobName> = (
  job: JobTry<Name>,
  host: WorkerHost,
  signal: AbortSignal,
) => Promise<JobResult<Name>>;
