// The worker of a host: serves the queues of one graph from one root until it is closed.
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import { Queue } from "bullmq";
import { assertWritable, openAges } from "../disk/index.js";
import { openBlockStore, openClaims, openGraph } from "../graph/index.js";
import { limitToolSilence, systemHostName } from "../host/index.js";
import { removeAbandonedUploads, uploadPatience } from "../inbox/index.js";
import { openRegistries } from "../interchange/index.js";
import {
  type AnyQueueName,
  graphIdKey,
  hostsKey,
  keyPrefix,
  queueNames,
  queuesOfHost,
  splitQueueName,
} from "../jobs/index.js";
import { checkKnownAnswer, checkTar, chooseXzEngine, readXzBlock, type XzEngine } from "../layer/index.js";
import { parseAllowedHost } from "../outbound/index.js";
import { openProducer, telemetryIfAsked, uploadsInUse } from "../producer/index.js";
import { answersFor, connectWithRetry, openOutageLog, untilTaken } from "../redis/index.js";
import {
  defaultGraphName,
  graphNamePattern,
  hostNamePattern,
  invalidGraphName,
  invalidHostName,
  largestThreadMemory,
  StevedoreError,
} from "../terms/index.js";
import { openBatchProgress } from "./batches/index.js";
import { openTeller, readNotifyPolicy, serveNotifications } from "./callbacks/index.js";
import { openCancellations } from "./cancellations.js";
import { claimGraphName } from "./claim.js";
import { openClockWatch } from "./clocks/index.js";
import { openCompressorPool, openOffload } from "./compress/index.js";
import { openCpuBudget } from "./cpu-budget.js";
import type { WorkerHost } from "./handlers/index.js";
import { packageVersion, startHeartbeat } from "./heartbeat/index.js";
import { defaultBlockCache, defaultLimits, defaultOffloadMemory, type WorkerLimits } from "./limits.js";
import type { LogFields } from "./log.js";
import { openHostQueues } from "./other-host.js";
import { keepOutboxSwept } from "./outbox-sweep.js";
import { type QueueAccess, shutdownReason } from "./process-job.js";
import { warnOfSettings } from "./redis-warnings.js";
import { readRegistryPolicy } from "./registry-policy.js";
import { serveQueue } from "./serve-queue.js";
import { type ServedRoot, takeOverRoot } from "./served-root.js";
import { openWorkerMetrics, traceTools } from "./telemetry/index.js";
import { workerTiming } from "./timing.js";
import type { WorkerOptions } from "./worker-options.js";

/** One in so many blocks that compressors made is made here again. */
const checkedShare = 1 / 64;

/** A worker that serves. */
export interface RunningWorker {
  /**
   * Resolves when the xz engine has passed its self-test; before that no checksum is computed. With `provesEngineLate`
   * the first job that needs the engine starts the test.
   */
  readonly ready: Promise<void>;
  /**
   * Aborted, with `QUEUE_UNAVAILABLE` as its reason, when another root has claimed the graph's name, because Redis was
   * emptied. This worker then ends by itself: the queue's jobs are for the other root.
   */
  readonly superseded: AbortSignal;
  /**
   * Takes no new jobs, gives the running ones `graceMs` to end, then aborts them: they go back to their queue. A second
   * call aborts them at once.
   */
  close(graceMs: number): Promise<void>;
}

/**
 * Starts to serve. Waits for Redis as long as it takes.
 * @throws `INVALID_OPTION` for a Redis URL, a graph name or a host name, its own or an allowed one, that is not valid;
 * `TOOL_MISSING` (tar, or no xz engine); `QUEUE_UNAVAILABLE` (the graph's name belongs to another root); through `ready`: `INTERNAL` if the xz engine
 * fails its self-test
 */
export async function startWorker(options: WorkerOptions): Promise<RunningWorker> {
  const { redis: url, graph: graphName = defaultGraphName } = options;
  const limits: WorkerLimits = { ...defaultLimits, ...options.limits };
  limitToolSilence(limits.toolSilenceMs);
  const allowedHosts = (options.allowedHosts ?? []).map(parseAllowedHost);
  const registries = openRegistries(readRegistryPolicy(options, limits));
  const { host: hostName = systemHostName() } = options;
  if (!hostNamePattern.test(hostName)) {
    throw new StevedoreError("INVALID_OPTION", invalidHostName(hostName));
  }
  if (!graphNamePattern.test(graphName)) {
    throw new StevedoreError("INVALID_OPTION", invalidGraphName(graphName));
  }
  const log = (line: string, fields?: LogFields) => options.log?.(line, { ...fields, host: hostName });
  const notifyPolicy = readNotifyPolicy(options, (line) => log(line, { level: "warn" }));
  const telemetry = await telemetryIfAsked();
  if (telemetry !== undefined) await traceTools();
  const [engine] = await Promise.all([chooseXzEngine(), checkTar()]);
  await assertWritable(options.root);
  const graph = await openGraph(options.root, { create: true, host: hostName });
  const timing = workerTiming(options.timing);
  const redis = connectWithRetry(url, keyPrefix(graphName));
  const outages = openOutageLog(redis, url, (line, level) => log(line, { level }), timing.outage);
  const register = async () => {
    const id = await graph.graphId();
    await claimGraphName(redis, graphName, id);
    await redis.sadd(hostsKey(graphName), hostName);
    return id;
  };
  let graphId: string;
  let root: ServedRoot;
  try {
    // In this order: a worker that still waits for Redis, or is refused, must not clean up in the root.
    graphId = await untilTaken(register, {
      isOver: () => false,
      refused: (error) => outages.takes(error),
    });
    root = await takeOverRoot(graph, hostName, options.mountDirectories, log);
  } catch (error) {
    outages.close();
    redis.disconnect();
    await graph.close();
    throw error;
  }
  const producer = openProducer({ redis: url, graph: graphName, telemetry });
  // Not awaited: no job depends on it.
  void warnOfSettings(redis, log);
  const ageOf = openAges(options.root, hostName);
  // Not awaited: no job depends on it.
  void removeAbandonedUploads(root.inbox, () => uploadsInUse(producer), uploadPatience, ageOf).then(
    (names) => names.length > 0 && log(`removed ${names.length} abandoned uploads`),
    (error: unknown) => log(`the inbox could not be cleaned: ${String(error)}`),
  );
  const stopSweeping = keepOutboxSwept(graph, options.keepExportsMs, log);
  const threads = threadsWithin(options.xzMemory, options.threads ?? availableParallelism());
  const queue = new Queue("checksum", {
    connection: redis,
    prefix: keyPrefix(graphName),
    ...(telemetry === undefined ? {} : { telemetry }),
  });
  queue.on("error", (error) => {
    if (!outages.takes(error)) log(`checksum: ${error.message}`, { level: "error", queue: queue.name });
  });
  const batches = openBatchProgress(queue, redis, graphName);
  const cancellations = await openCancellations(redis, graphName);
  const hostQueues = openHostQueues(redis, graphName, telemetry);
  const queues = { checksum: queue };
  const callbacks = openTeller(redis, graphName, producer, timing, (error) => {
    if (!outages.takes(error)) log(`callbacks: ${error.message}`, { level: "error" });
  });
  const access: QueueAccess = { redis, graphName, queues, hostQueues, batches, cancellations, callbacks };
  const engineTest = selfTest(engine);
  if (!(options.provesEngineLate ?? false)) engineTest.begin();
  const cpu = openCpuBudget(threads);
  const concurrency = {
    store: threads,
    checksum: Math.max(16, threads),
    mount: Math.max(4, threads),
    ...options.concurrency,
  };
  // This host's own queues have the concurrency of the shared ones.
  const served = new Map<AnyQueueName, number>(
    [...queueNames, ...queuesOfHost(hostName)].map((name) => [name, concurrency[splitQueueName(name).queue]]),
  );
  const version = packageVersion();
  const metrics = openWorkerMetrics(cpu, [...served.keys()], version);
  const offload = openOffload({
    ...{ redis, url, graphName, log, metrics: metrics.blocks },
    memory: options.offloadMemory ?? defaultOffloadMemory,
  });
  metrics.blocks.now(() => ({ waiting: cpu.waiting(), away: offload.away() }));
  const claims = openClaims(graph);
  const { blockCache: most = defaultBlockCache } = options;
  const host: WorkerHost = {
    graph,
    mounts: root.mounts,
    cpu,
    compressors: openCompressorPool({
      ...{ cpu, offload, metrics: metrics.blocks, checkedShare: options.checkedShare ?? checkedShare },
      async engine() {
        engineTest.begin();
        await engineTest.passed;
        return engine;
      },
    }),
    sources: {
      inbox: root.inbox,
      allowedRoots: [root.inbox, ...(options.allowedSources ?? [])],
      allowedHosts,
      allowPrivateAddresses: options.allowPrivateAddresses ?? false,
      limits,
    },
    registries,
    limits,
    allowSquash: options.allowSquash ?? false,
    keepExportsMs: options.keepExportsMs,
    producer,
    claims,
    blocks: most === 0 ? undefined : openBlockStore(graph, claims, { most, parse: readXzBlock }),
  };
  const observers = { log, outages, metrics, telemetry };
  const workers = [...served].map(([name, count]) =>
    serveQueue(name, access, count, host, observers, timing),
  );
  if (notifyPolicy !== undefined) {
    const policy = { ...notifyPolicy, version };
    workers.push(serveNotifications({ ...{ redis, graphName, timing, policy }, ...observers }));
  }

  let closing: Promise<void> | undefined;
  const heartbeat = await startHeartbeat(redis, {
    id: `${hostName}.${process.pid}.${randomBytes(4).toString("hex")}`,
    host: hostName,
    version,
    graphId,
    graphName,
    root: options.root,
    cpu,
    concurrency: served,
    metrics,
    isDraining: () => closing !== undefined,
    clockSkew: openClockWatch(redis, { graphName, queues: workers.map(({ name }) => name) }, log),
    interval: timing.statusInterval,
  });

  for (const worker of workers) {
    worker.run().catch((error: unknown) => log(`queue ${worker.name}: ${String(error)}`));
  }

  const shuttingDown = new StevedoreError("CANCELLED", "the worker is shutting down");
  const superseded = new AbortController();
  const running: RunningWorker = {
    ready: engineTest.passed,
    superseded: superseded.signal,
    close(graceMs) {
      const abortNow = () => {
        for (const worker of workers) worker.cancelAllJobs(shutdownReason);
        void engineTest.end(shuttingDown);
      };
      if (closing !== undefined) {
        abortNow();
        return closing;
      }
      closing = closeAll();
      heartbeat.beat();
      return closing;

      async function closeAll() {
        stopSweeping();
        const isThere = await answersFor(redis, graphIdKey(graphName));
        // Without Redis jobs cannot be given back: nothing to wait for.
        const ended = Promise.allSettled(workers.map((worker) => worker.close(!isThere)));
        // Not before: what is given back by a worker that is not closing is taken up by it again.
        const timer = setTimeout(abortNow, graceMs);
        await ended;
        clearTimeout(timer);
        await heartbeat.stop(isThere);
        await offload.close(isThere);
        await engineTest.end(shuttingDown);
        cancellations.close();
        await callbacks.close(isThere);
        // A pending report would wait for Redis for ever.
        const reporting = batches.close();
        if (isThere) await reporting;
        else reporting.catch(() => undefined);
        await registries.close();
        await hostQueues.close();
        await queue.close();
        await producer.close();
        outages.close();
        redis.disconnect();
        await graph.close();
        await root.leave();
      }
    },
  };
  // A Redis that comes back may have been emptied: the name is claimed again.
  redis.on("ready", () => {
    register().catch((error: unknown) => {
      if (!(error instanceof StevedoreError)) return log(`the graph's name: ${String(error)}`);
      superseded.abort(error);
      void running.close(0);
    });
  });
  return running;
}

/** The self-test of an engine: it takes a second of CPU, in which jobs that need no engine can already run. */
function selfTest(engine: XzEngine) {
  const ending = new AbortController();
  let asked: Promise<void> | undefined;
  let settle: (answer: Promise<void>) => void = () => {};
  const passed = new Promise<void>((resolve) => {
    settle = resolve;
  });
  passed.catch(() => undefined);
  return {
    passed,
    /** Starts the test, once. */
    begin() {
      asked ??= checkKnownAnswer(engine, ending.signal);
      settle(asked);
    },
    /** Aborts the test. */
    async end(reason: StevedoreError): Promise<void> {
      ending.abort(reason);
      await asked?.catch(() => undefined);
    },
  };
}

function threadsWithin(memory: number | undefined, threads: number): number {
  if (memory === undefined) return threads;
  return Math.max(1, Math.min(threads, Math.floor(memory / largestThreadMemory)));
}
