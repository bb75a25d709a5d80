// Serves the queue of blocks of one graph: takes its jobs, keeps their locks, and gives them back.
import { type Job, UnrecoverableError, WaitingError, Worker } from "bullmq";
import type { Redis } from "ioredis";
import { type CompressResult, compressQueue, formatFailedReason, keyPrefix } from "../../jobs/index.js";
import { guardWorker } from "../../producer/index.js";
import { asUnavailable, type OutageLog } from "../../redis/index.js";
import { failureOf, onOneLine, quote } from "../../terms/index.js";
import { keepLocksRenewed } from "../clocks/index.js";
import { holdCommands } from "../hold-commands.js";
import type { Log } from "../log.js";
import { lockLostReason, shutdownReason } from "../process-job.js";
import type { WorkerTiming } from "../timing.js";
import { type BlockWorkshop, compressBlock } from "./compress-block.js";
import type { CompressorMetrics } from "./compressor-metrics.js";

/** What serves a graph. */
interface BlockService extends Pick<WorkerTiming, "lockDuration" | "stalledInterval"> {
  readonly redis: Redis;
  readonly graphName: string;
  readonly workshop: BlockWorkshop;
  /** Jobs that are taken at a time. */
  readonly concurrency: number;
  readonly log: Log;
  readonly outages: OutageLog;
  readonly metrics: CompressorMetrics;
  /** Whether no more jobs are to be begun: one may have been taken up at the moment of the end. */
  isClosing(): boolean;
}

/** A block fails once it has lost that many compressors: its owner does not wait for it so long. */
const maxStalledCount = 1;
/** How long a worker waits before it repeats a command that failed, in ms. */
const runRetryDelay = 1_000;
const neverAborted = new AbortController().signal;

/** Makes the BullMQ worker; `run` starts it. Jobs that are cancelled with `shutdownReason` go back to the queue. */
export function serveBlocks(service: BlockService): Worker {
  const { redis, graphName, concurrency, log, outages, metrics, lockDuration, stalledInterval } = service;
  const worker = new Worker(
    compressQueue,
    // BullMQ makes a signal only for a function of three parameters, of which none has a default.
    (job, token, signal) => compressOne(job, token, signal ?? neverAborted, service),
    {
      connection: redis,
      prefix: keyPrefix(graphName),
      autorun: false,
      concurrency,
      maxStalledCount,
      lockDuration,
      stalledInterval,
      runRetryDelay,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  );
  guardWorker(worker, redis);
  holdCommands(worker, outages);
  keepLocksRenewed(worker, lockDuration);
  const tell = (line: string, level: "warn" | "error") =>
    log(onOneLine(`${compressQueue}: ${line}`, 1_000), { level, queue: compressQueue });
  worker.on("failed", (job, { message }) => {
    if (isOfLostJob(message)) return;
    metrics.ended("failed");
    tell(`${job?.id ?? ""} of graph ${graphName} failed: ${message}`, "warn");
  });
  worker.on("completed", () => metrics.ended("completed"));
  worker.on("error", (error) => {
    if (isOfLostJob(error.message)) metrics.ended("lost");
    else if (!outages.takes(error)) tell(error.message, "error");
  });
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, lockLostReason);
  });
  return worker;
}

/** @throws BullMQ's own errors, which tell it what to do with a job that has not completed */
async function compressOne(
  job: Job,
  token: string | undefined,
  signal: AbortSignal,
  { graphName, workshop, metrics, isClosing }: BlockService,
): Promise<CompressResult> {
  const giveBack = async (): Promise<never> => {
    metrics.ended("returned");
    await job.moveToWait(token);
    throw new WaitingError();
  };
  if (isClosing()) return await giveBack();
  try {
    if (job.name !== compressQueue) {
      throw new UnrecoverableError(
        formatFailedReason("INVALID_JOB", `there is no job called ${quote(job.name)}`),
      );
    }
    return await compressBlock(graphName, job.data, workshop, signal);
  } catch (error) {
    if (signal.reason === shutdownReason) return await giveBack();
    if (error instanceof UnrecoverableError) throw error;
    // No error is tried again: the owner makes the block itself at once.
    const { code, message } = failureOf(asUnavailable(error));
    throw new UnrecoverableError(formatFailedReason(code, message));
  }
}

/** BullMQ's errors of a job that its owner has taken back, or another compressor has by now. */
function isOfLostJob(message: string): boolean {
  return /^Missing (key|lock) for job|^could not renew lock for job/.test(message);
}
