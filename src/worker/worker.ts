// The worker of a host: serves the queues of one graph from one root until it is closed.
import { availableParallelism } from "node:os";
import { Queue, Worker } from "bullmq";
import { StevedoreError } from "../error.js";
import { openGraph, removeAbandonedStaging } from "../graph/index.js";
import {
  defaultGraphName,
  graphIdKey,
  keyPrefix,
  type QueueName,
  queueNames,
  retention,
} from "../jobs/index.js";
import { checkKnownAnswer, checkTar, chooseXzEngine, type UnpackLimits } from "../layer/index.js";
import { openMounts } from "../mount/index.js";
import { answersFor, connectPatiently } from "../producer/connection.js";
import { openProducer } from "../producer/index.js";
import { openBatchProgress } from "./batch-progress.js";
import { openCancellations } from "./cancellations.js";
import { claimGraphName } from "./claim.js";
import { openCpuBudget } from "./cpu-budget.js";
import type { WorkerHost } from "./handler.js";
import { defaultLimits } from "./limits.js";
import { cancelReason, lockLostReason, processJob, type QueueAccess, shutdownReason } from "./process-job.js";
import { makeInbox } from "./source.js";

export interface WorkerOptions {
  /** Any of the forms of docs/redis.md: `redis://`, `rediss+cluster://`, `redis+sentinel://` … */
  readonly redis: string;
  /** The name the graph is served under. Default `default`. */
  readonly graph?: string | undefined;
  /** The directory that holds `graph/`; made if missing. */
  readonly root: string;
  /** CPU threads that compressors share. Default: the host's. */
  readonly threads?: number | undefined;
  /** The most memory that compressors may take, in bytes: it lowers the number of threads. */
  readonly xzMemory?: number | undefined;
  /** Jobs of a queue that are worked on at a time. */
  readonly concurrency?: Partial<Record<QueueName, number>> | undefined;
  /** Directories that a job's `path` may lie in, besides the root's inbox. */
  readonly allowedSources?: readonly string[] | undefined;
  /** Hosts that a job's `url` may name. Default: none. */
  readonly allowedHosts?: readonly string[] | undefined;
  readonly allowPrivateAddresses?: boolean | undefined;
  /** Directories below which images may be mounted; unnamed targets are made in the first. Default: `<root>/mounts`. */
  readonly mountDirectories?: readonly string[] | undefined;
  readonly limits?: Partial<UnpackLimits> | undefined;
  /** Store layers without their owners when this process is not root. */
  readonly allowSquash?: boolean | undefined;
  /** Told, in a line, of what happens. */
  readonly log?: ((line: string) => void) | undefined;
}

/** A worker that serves. */
export interface RunningWorker {
  /** Resolves when the xz engine has given the known answer; before that no checksum is computed. */
  readonly ready: Promise<void>;
  /**
   * Takes no new jobs, gives the running ones `graceMs` to end, then aborts them: they go back to their queue.
   * Called again it aborts them now.
   */
  close(graceMs: number): Promise<void>;
}

/** How long a job may be without a sign of life before another worker takes it, and how often that is looked for, in ms. */
const lockDuration = 20_000;
const stalledInterval = 5_000;
/** After how long a worker tries again what Redis did not do, in ms. */
const runRetryDelay = 1_000;
/** A job that took that many workers down with it is failed. */
const maxStalledCount = 5;

/**
 * Starts to serve. Waits for Redis as long as it takes.
 * @throws `TOOL_MISSING` (tar, or no xz engine), `QUEUE_UNAVAILABLE` (the name belongs to another root);
 * through `ready`: `INTERNAL` if the xz engine does not give the known answer
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { root, redis: url, graph: graphName = defaultGraphName, log = () => {} } = options;
  const [engine] = await Promise.all([chooseXzEngine(), checkTar()]);
  const graph = await openGraph(root, { create: true });
  const abandoned = await removeAbandonedStaging(graph.directory);
  if (abandoned.length > 0) log(`removed ${abandoned.length} abandoned staging directories`);
  const mounts = openMounts(graph, { targets: options.mountDirectories });
  const recovery = await mounts.recover();
  for (const mountId of recovery.adopted) log(`the mount ${mountId} of a worker that died is complete now`);
  for (const mountId of recovery.undone)
    log(`took back the mount ${mountId}, which a worker that died had begun`);
  for (const line of recovery.damaged) log(line);
  const inbox = await makeInbox(graph.root);

  const redis = connectPatiently(url);
  try {
    await claimGraphName(redis, graphName, await graph.graphId());
  } catch (error) {
    redis.disconnect();
    await graph.close();
    throw error;
  }
  const producer = openProducer({ redis: url, graph: graphName });
  const threads = threadsWithin(options.xzMemory, options.threads ?? availableParallelism());
  const queue = new Queue("checksum", { connection: redis, prefix: keyPrefix(graphName) });
  queue.on("error", (error) => log(`checksum: ${error.message}`));
  const batches = openBatchProgress(queue, redis, graphName);
  const cancellations = await openCancellations(redis, graphName);
  const access: QueueAccess = { redis, graphName, queues: { checksum: queue }, batches, cancellations };
  // The answer takes a second of CPU; what needs no engine is done meanwhile.
  const knownAnswer = new AbortController();
  const ready = checkKnownAnswer(engine, knownAnswer.signal);
  ready.catch(() => undefined);
  const host: WorkerHost = {
    graph,
    mounts,
    provenEngine: () => ready.then(() => engine),
    cpu: openCpuBudget(threads),
    sources: {
      inbox,
      allowedRoots: [inbox, ...(options.allowedSources ?? [])],
      allowedHosts: options.allowedHosts ?? [],
      allowPrivateAddresses: options.allowPrivateAddresses ?? false,
    },
    limits: { ...defaultLimits, ...options.limits },
    allowSquash: options.allowSquash ?? false,
    producer,
    computing: new Map(),
  };
  const concurrency = {
    ...{ store: threads, checksum: Math.max(16, threads), mount: Math.max(4, threads) },
    ...options.concurrency,
  };
  const workers = queueNames.map((queue) => serveQueue(queue, access, concurrency[queue], host, log));

  for (const worker of workers) {
    worker.run().catch((error: unknown) => log(`queue ${worker.name}: ${String(error)}`));
  }

  const shuttingDown = new StevedoreError("CANCELLED", "the worker is shutting down");
  let closing: Promise<void> | undefined;
  return {
    ready,
    close(graceMs) {
      const abortNow = () => {
        for (const worker of workers) worker.cancelAllJobs(shutdownReason);
        knownAnswer.abort(shuttingDown);
      };
      if (closing !== undefined) {
        abortNow();
        return closing;
      }
      closing = closeAll();
      return closing;

      async function closeAll() {
        const timer = setTimeout(abortNow, graceMs);
        const isThere = await answersFor(redis, graphIdKey(graphName));
        // Without Redis there is nothing to wait for.
        await Promise.allSettled(workers.map((worker) => worker.close(!isThere)));
        clearTimeout(timer);
        knownAnswer.abort(shuttingDown);
        await ready.catch(() => undefined);
        cancellations.close();
        await batches.close();
        await queue.close();
        await producer.close();
        redis.disconnect();
        await graph.close();
      }
    },
  };
}

/** BullMQ gives a signal to a processor that takes one; its types leave that open. */
const neverAborted = new AbortController().signal;

/** Of xz at preset 6, for a thread that compresses; the last blocks of a layer overlap the first of the next. */
const bytesPerThread = 2 * 100 * 1024 ** 2;

function threadsWithin(memory: number | undefined, threads: number): number {
  if (memory === undefined) return threads;
  return Math.max(1, Math.min(threads, Math.floor(memory / bytesPerThread)));
}

function serveQueue(
  queue: QueueName,
  access: QueueAccess,
  concurrency: number,
  host: WorkerHost,
  log: (line: string) => void,
): Worker {
  const worker = new Worker(
    queue,
    (job, token, signal) => {
      const cancel = () => void worker.cancelJob(job.id ?? "", cancelReason);
      return processJob(job, token, signal ?? neverAborted, cancel, host, access);
    },
    {
      connection: access.redis,
      prefix: keyPrefix(access.graphName),
      autorun: false,
      concurrency,
      lockDuration,
      stalledInterval,
      maxStalledCount,
      runRetryDelay,
      removeOnComplete: retention.completed,
      removeOnFail: retention.failed,
    },
  );
  worker.on("completed", (job) => log(`${queue}: ${job.name} ${job.id} completed`));
  worker.on("failed", (job, error) => {
    log(`${queue}: ${job?.name} ${job?.id} failed: ${error.message}`);
    if (job?.finishedOn !== undefined) access.cancellations.ended(job.id ?? "");
  });
  worker.on("stalled", (id) => log(`${queue}: job ${id} lost its worker and waits again`));
  worker.on("error", (error) => log(`${queue}: ${error.message}`));
  worker.on("lockRenewalFailed", (ids) => {
    for (const id of ids) worker.cancelJob(id, lockLostReason);
  });
  return worker;
}
