// Connects a command to the queue: at the Redis that was named, or at the embedded one, with a worker in this process if no
// other process serves the root.
import { stat } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { splitQueueName } from "../../jobs/index.js";
import {
  type EnqueuedJob,
  hasEnded,
  type JobUpdate,
  openProducer,
  type Producer,
  telemetryIfAsked,
} from "../../producer/index.js";
import { describeRedis } from "../../redis/index.js";
import { StevedoreError } from "../../terms/index.js";
import type { RunningWorker, WorkerOptions } from "../../worker/index.js";
import type { CommandContext } from "../run-command.js";
import { type EmbeddedRedis, holdEmbeddedRedis } from "./embedded-redis.js";

/** Settings of the worker that a command starts for itself. */
export type OwnWorkerOptions = Omit<WorkerOptions, "redis" | "graph" | "root" | "host">;

interface SessionOptions {
  /** Settings of the command's own worker; undefined if it needs no worker. */
  readonly work?: OwnWorkerOptions | undefined;
  /** Whether a root that is not there is made. Default: false, it is taken for a typing error. */
  readonly makeRoot?: boolean;
}

export interface QueueSession extends AsyncDisposable {
  readonly producer: Producer;
  /** True if the session has started a worker when it was opened, because nobody else served the queue. */
  readonly ownWorker: boolean;
  /** Follows a job to its end. @throws also what ends this session's own worker */
  follow(job: EnqueuedJob): AsyncGenerator<JobUpdate, void>;
}

/** How often a waiting command checks whether somebody serves its queue, in ms. */
const watchInterval = 1_000;
/** How long running jobs of other commands may take when this one ends, in ms. */
const graceMs = 30_000;

/**
 * Opens the queue. If the command is interrupted, or fails, its jobs that nobody has begun are withdrawn.
 * @throws `QUEUE_UNAVAILABLE`, `TOOL_MISSING`, `SOURCE_NOT_FOUND` for a root that is not there
 */
export async function openQueueSession(
  context: CommandContext,
  { work, makeRoot = false }: SessionOptions = {},
): Promise<QueueSession> {
  const { config, tell, signal } = context;
  if (config.redis === undefined && !makeRoot) await assertRoot(config.root);
  const embedded = config.redis === undefined ? await holdEmbeddedRedis(config.root, tell) : undefined;
  const url = embedded?.url ?? config.redis ?? "";
  const producer = openProducer({
    redis: url,
    graph: config.graph,
    maxJobBytes: work?.limits?.maxJobBytes,
    telemetry: await telemetryIfAsked(),
  });
  const unfinished = new Map<string, EnqueuedJob>();
  /** Aborted with the error that ended the own worker. */
  const broken = new AbortController();

  let own: Promise<RunningWorker> | undefined;
  const startOwnWorker = async () => {
    own ??= import("../../worker/index.js").then(({ startWorker }) =>
      startWorker({
        ...work,
        redis: url,
        graph: config.graph,
        root: config.root,
        host: config.host,
        provesEngineLate: true,
        log: context.verbose ? tell : undefined,
      }),
    );
    const { ready, superseded } = await own;
    ready.catch((error: unknown) => broken.abort(error));
    superseded.addEventListener("abort", () => broken.abort(superseded.reason));
  };

  /** The queues of which the user was told that they are paused. */
  const paused = new Set<string>();
  /** How many checks in a row have found no worker. */
  let misses = 0;
  /** Checks that somebody serves the queue: if not, this process does so in the root's own queue, else it tells the user. */
  const watch = async () => {
    const [job] = unfinished.values();
    if (job === undefined) return;
    if (!paused.has(job.queue) && (await producer.paused()).includes(job.queue)) {
      paused.add(job.queue);
      tell(`the queue ${job.queue} is paused: its jobs wait`);
    }
    if (own !== undefined) return;
    misses = (await producer.workers(job.queue)) > 0 ? 0 : misses + 1;
    // The first check may come before a worker that has just been started is known.
    if (misses < 2) return;
    if (embedded !== undefined && work !== undefined) {
      if (await embedded.mayServe()) await startOwnWorker();
    } else if (misses === 2) {
      const { host } = splitQueueName(job.queue);
      const [whose, flag] = host === undefined ? ["", ""] : [` of host ${host}`, ` --host ${host}`];
      tell(
        `no worker${whose} serves the graph "${config.graph}" at ${describeRedis(url)} yet: stevedore worker${flag} starts one`,
      );
    }
  };
  const watching = setInterval(() => watch().catch((error: unknown) => broken.abort(error)), watchInterval);

  const close = async () => {
    clearInterval(watching);
    try {
      await closeWorker(await own?.catch(() => undefined), embedded, context);
      await Promise.allSettled([...unfinished.values()].map((job) => producer.withdraw(job)));
    } finally {
      await producer.close();
      await embedded?.release();
    }
  };

  if (embedded?.started && work !== undefined) {
    try {
      if (await embedded.mayServe()) await startOwnWorker();
    } catch (error) {
      await close();
      throw error;
    }
  }
  return {
    producer,
    ownWorker: own !== undefined,
    async *follow(job) {
      unfinished.set(job.id, job);
      try {
        for await (const update of producer.follow(job, AbortSignal.any([signal, broken.signal]))) {
          if (hasEnded(update)) unfinished.delete(job.id);
          yield update;
        }
      } catch (error) {
        throw broken.signal.aborted ? broken.signal.reason : error;
      }
    },
    [Symbol.asyncDispose]: close,
  };
}

/** Closes this process's worker, once no other command depends on it. */
async function closeWorker(
  worker: RunningWorker | undefined,
  embedded: EmbeddedRedis | undefined,
  { tell, signal }: CommandContext,
): Promise<void> {
  if (worker === undefined) return;
  await embedded?.releaseInterest();
  if (embedded !== undefined && !signal.aborted && (await embedded.isNeeded())) {
    tell("other commands use this one's worker: serving until they have ended");
    while (!signal.aborted && (await embedded.isNeeded())) await sleep(100);
  }
  await worker.close(signal.aborted ? 0 : graceMs);
}

/** @throws `SOURCE_NOT_FOUND` for a root that is not there */
export async function assertRoot(root: string): Promise<void> {
  await stat(root).catch((cause: unknown) => {
    throw new StevedoreError("SOURCE_NOT_FOUND", `there is no root ${root}`, { cause });
  });
}
