// The compressor: compresses the blocks of any graph that it is given, and needs nothing but Redis and an xz engine.
import { randomBytes } from "node:crypto";
import { availableParallelism } from "node:os";
import type { Redis } from "ioredis";
import { openTurns } from "../../disk/index.js";
import { systemHostName } from "../../host/index.js";
import { blocksAhead, type CompressorStatus, compressorKeys, keyPrefix } from "../../jobs/index.js";
import { checkKnownAnswer, chooseXzEngine } from "../../layer/index.js";
import {
  answersFor,
  asUnavailable,
  connectWithRetry,
  openOutageLog,
  openPayloads,
  readRedisUrl,
  untilTaken,
} from "../../redis/index.js";
import {
  defaultGraphName,
  graphNamePattern,
  hostNamePattern,
  invalidGraphName,
  invalidHostName,
  onOneLine,
  StevedoreError,
} from "../../terms/index.js";
import { packageVersion, startBeat } from "../heartbeat/index.js";
import type { Log, LogFields } from "../log.js";
import { shutdownReason } from "../process-job.js";
import { type WorkerTiming, workerTiming } from "../timing.js";
import { openCompressorMetrics } from "./compressor-metrics.js";
import { serveBlocks } from "./serve-blocks.js";

export interface CompressorOptions {
  /** Any of the forms of docs/redis.md. */
  readonly redis: string;
  /** The names of the graphs whose blocks are compressed. Default: `default`. */
  readonly graphs?: readonly string[] | undefined;
  /** What this host is called. Default: the system's host name. */
  readonly host?: string | undefined;
  /** Blocks that are compressed at a time, of all graphs. Default: as many as the host has threads. */
  readonly threads?: number | undefined;
  /** Called with a line about whatever happens. */
  readonly log?: Log | undefined;
  /** Ends the waiting for Redis, and the engine's self-test. */
  readonly signal?: AbortSignal | undefined;
  /** @internal For tests, which would have to wait otherwise. */
  readonly timing?: Partial<WorkerTiming> | undefined;
}

/** A compressor that serves. */
export interface RunningCompressor {
  /** Of this run of the compressor. */
  readonly id: string;
  readonly engine: CompressorStatus["engine"];
  /** Blocks that it compresses at a time. */
  readonly slots: number;
  /** Aborted, with the error as its reason, when a worker has shut this compressor out. It then ends by itself. */
  readonly refused: AbortSignal;
  /** Takes no more jobs, and gives back at once what it holds. */
  close(): Promise<void>;
}

/**
 * Starts to serve, once the engine has given the known answer. Waits for Redis as long as it takes.
 * @throws `INVALID_OPTION` for a Redis URL, a graph name or a host name that is not valid; `TOOL_MISSING` without an xz
 * engine; `INTERNAL` for one that compresses otherwise than it must; `QUEUE_UNAVAILABLE` for a Redis that refuses this
 * user; `CANCELLED`
 */
export async function startCompressor(options: CompressorOptions): Promise<RunningCompressor> {
  const { redis: url, host = systemHostName(), signal } = options;
  const graphs = [...new Set(options.graphs ?? [defaultGraphName])];
  if (!hostNamePattern.test(host)) throw new StevedoreError("INVALID_OPTION", invalidHostName(host));
  for (const graph of graphs) {
    if (!graphNamePattern.test(graph)) throw new StevedoreError("INVALID_OPTION", invalidGraphName(graph));
  }
  const { form } = readRedisUrl(url);
  const total = options.threads ?? availableParallelism();
  const log = (line: string, fields?: LogFields) => options.log?.(line, { ...fields, host });
  const timing = workerTiming(options.timing);
  const engine = await chooseXzEngine();
  await checkKnownAnswer(engine, signal);

  let closing: Promise<void> | undefined;
  let busy = 0;
  const turn = openTurns(total);
  const taken = total + blocksAhead;
  const slots = { total, busy: () => busy };
  const version = packageVersion();
  const metrics = openCompressorMetrics(slots, engine, version);
  const id = `${host}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const startedAt = Date.now();
  // A graph of a cluster has a node of its own.
  const shared = form === "cluster" ? undefined : connectWithRetry(url, "");
  const connections = new Map(
    graphs.map((graph) => [graph, shared ?? connectWithRetry(url, keyPrefix(graph))] as const),
  );
  const watched = new Map(
    [...new Set(connections.values())].map(
      (redis) =>
        [redis, openOutageLog(redis, url, (line, level) => log(line, { level }), timing.outage)] as const,
    ),
  );
  const payloads = openPayloads(url, "");
  const workshop = {
    ...{ id, engine, payloads, room: openTurns(taken), compressed: metrics.compressed },
    async slot(either: AbortSignal) {
      const held = await turn(either);
      busy++;
      return {
        [Symbol.dispose]() {
          busy--;
          held[Symbol.dispose]();
        },
      };
    },
  };
  const leave = () => {
    payloads.close();
    for (const [redis, outages] of watched) {
      outages.close();
      redis.disconnect();
    }
  };
  try {
    await Promise.all([...connections].map(([graph, redis]) => untilThere(redis, graph, signal)));
  } catch (error) {
    leave();
    throw asUnavailable(error);
  }

  const refused = new AbortController();
  const status = async (redis: Redis, graph: string): Promise<CompressorStatus> => {
    const reason = await redis.get(compressorKeys(graph).refusal(id));
    if (reason !== null) refuse(graph, reason);
    return {
      ...{ id, host, pid: process.pid, version, startedAt, at: Date.now() },
      engine: { name: engine.name, version: engine.version },
      slots: { total, busy },
      metrics: (await metrics.read()) as unknown as CompressorStatus["metrics"],
    };
  };
  const services = await Promise.all(
    [...connections].map(async ([graphName, redis]) => {
      const outages = watched.get(redis);
      if (outages === undefined) throw new Error("every connection is watched");
      const worker = serveBlocks({
        ...{ redis, graphName, workshop, log, outages, metrics },
        isClosing: () => closing !== undefined,
        concurrency: taken,
        lockDuration: timing.lockDuration,
        stalledInterval: timing.stalledInterval,
      });
      const beat = await startBeat(redis, compressorKeys(graphName), id, timing.statusInterval, () =>
        status(redis, graphName),
      );
      return { graphName, redis, worker, beat };
    }),
  );
  for (const { worker } of services) {
    worker.run().catch((error: unknown) => log(`queue ${worker.name}: ${String(error)}`, { level: "error" }));
  }

  const close = async () => {
    await Promise.all(
      services.map(async ({ graphName, redis, worker, beat }) => {
        const isThere = await answersFor(redis, compressorKeys(graphName).ids);
        const closed = worker.close(!isThere);
        worker.cancelAllJobs(shutdownReason);
        await closed.catch(() => undefined);
        await beat.stop(isThere);
      }),
    );
    leave();
  };
  const running: RunningCompressor = {
    ...{ id, slots: total, refused: refused.signal },
    engine: { name: engine.name, version: engine.version },
    close() {
      closing ??= close();
      return closing;
    },
  };
  function refuse(graph: string, reason: string): void {
    if (refused.signal.aborted) return;
    const why = onOneLine(reason, 500);
    refused.abort(
      new StevedoreError("INTERNAL", `a worker of graph ${graph} has shut this compressor out: ${why}`),
    );
    void running.close();
  }
  return running;
}

/** Waits until Redis answers. @throws `CANCELLED` */
async function untilThere(redis: Redis, graph: string, signal: AbortSignal | undefined): Promise<void> {
  const asked = untilTaken(() => redis.exists(compressorKeys(graph).ids), {
    isOver: () => signal?.aborted ?? false,
    refused: () => undefined,
  });
  if (signal === undefined) return void (await asked);
  const stopped = new Promise<never>((_, reject) => {
    const stop = () => reject(new StevedoreError("CANCELLED", "interrupted"));
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
  });
  await Promise.race([asked, stopped]);
}
