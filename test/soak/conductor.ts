// Hands jobs to the worker many at a time, and learns from the one stream of events what became of each.
import { Queue } from "bullmq";
import type { Redis } from "ioredis";
import {
  contract,
  type ErrorCode,
  type JobName,
  keyPrefix,
  type QueueName,
  queueNames,
  retention,
} from "../../src/jobs/index.js";
import { type JobEvent, type NewJob, openProducer } from "../../src/producer/index.js";

/** How a job may end. */
export type Ending = "completed" | ErrorCode;

/** A job, and how it is to end: what the oracle says when it is planned. */
export interface PlannedJob {
  readonly name: JobName;
  readonly data: unknown;
  /** More than one where a race decides. */
  readonly ends: readonly Ending[];
  /** What stands in the result, if it completes. */
  readonly result?: Readonly<Record<string, unknown>>;
  /** Whether it joins one that is there; `maybe` where a race decides. Default: no. */
  readonly joins?: boolean | "maybe";
  /** Put into its queue without the producer's checks, as another program may do. */
  readonly isUnchecked?: boolean;
}

/** What became of a job. */
export interface Outcome {
  readonly id: string;
  readonly joined: boolean;
  /** `lost` if nothing was heard of it for two minutes. */
  readonly ending: Ending | "lost";
  readonly message: string;
  // biome-ignore lint/suspicious/noExplicitAny: looked into by name, and wrong where the name is not there
  readonly result: any;
  /** From when it was handed in to its end, in ms. */
  readonly durationMs: number;
}

/** Jobs that are handed in together, of which some may need something to happen meanwhile. */
export interface Step {
  readonly jobs: readonly PlannedJob[];
  /** @param ids those of the jobs, in their order */
  readonly meanwhile?: (ids: readonly string[], conductor: Conductor) => Promise<void>;
}

export interface Conductor extends AsyncDisposable {
  /** Hands in the jobs of all steps in one go and waits for their end. */
  run(steps: readonly Step[]): Promise<Outcome[][]>;
  /** Resolves when a job is at work, or was. */
  active(id: string): Promise<void>;
  /** Cancels a job. Throws if it does not end; one that was faster is left alone. */
  cancel(id: string): Promise<void>;
  /**
   * Waits until no job is under way, also none that the worker has added itself.
   * @returns those that do not end, as lines
   */
  idle(): Promise<string[]>;
  /** Lets the stream of each queue's events grow to that many, not 10,000. */
  capEvents(kept: number): Promise<void>;
  /** Leaves the newest failed records of each queue alone: an operator's hand, for 10,000 are kept otherwise. */
  trimFailed(kept: number): Promise<void>;
}

/** How long to wait for a job that nothing is heard of, in ms. */
const patience = 120_000;

/** Opens a producer and begins to listen. */
export async function openConductor(url: string, redis: Redis, graph: string): Promise<Conductor> {
  const producer = openProducer({ redis: url, graph });
  const options = {
    connection: redis,
    prefix: keyPrefix(graph),
    defaultJobOptions: { removeOnComplete: retention.completed, removeOnFail: retention.failed },
  };
  const queues = new Map<QueueName, Queue>(queueNames.map((name) => [name, new Queue(name, options)]));
  const listening = new AbortController();
  const underWay = new Map<string, "waiting" | "active">();
  /** Those of the present run, and whatever else has ended since it began. */
  const ended = new Map<string, JobEvent>();
  let wake: (() => void)[] = [];
  const events = await producer.events(listening.signal);
  const listener = (async () => {
    for await (const batch of events) {
      for (const event of batch) if ("id" in event) note(event);
      const woken = wake;
      wake = [];
      for (const each of woken) each();
    }
  })();

  /** Progress tells of no state: a batch's last comes when it has ended. */
  function note(event: JobEvent): void {
    if (["completed", "failed", "cancelled", "removed"].includes(event.state)) {
      underWay.delete(event.id);
      ended.set(event.id, event);
    } else if (event.progress === undefined)
      underWay.set(event.id, event.state === "waiting" ? "waiting" : "active");
  }

  /** Looks again with every batch of events; false if that has not come in time. */
  async function until(condition: () => boolean): Promise<boolean> {
    for (let silentSince = Date.now(); !condition(); ) {
      const heard = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(resolve, 1_000, false);
        wake.push(() => {
          clearTimeout(timer);
          resolve(true);
        });
      });
      if (heard) silentSince = Date.now();
      else if (Date.now() - silentSince > patience) return false;
    }
    return true;
  }

  let count = 0;
  const add = async (
    jobs: readonly (PlannedJob & { readonly jobId: string })[],
  ): Promise<Map<string, string>> => {
    const ids = new Map(jobs.map(({ jobId }) => [jobId, jobId]));
    const checked = jobs.filter(({ isUnchecked }) => !isUnchecked);
    const enqueued = await producer.enqueueAll(
      checked.map(({ name, data, jobId }) => ({ name, data, jobId }) as NewJob),
    );
    for (const [n, { jobId }] of checked.entries()) ids.set(jobId, enqueued[n]?.id ?? "");
    for (const [name, queue] of queues) {
      const unchecked = jobs.filter((job) => job.isUnchecked && contract[job.name].queue === name);
      await queue.addBulk(unchecked.map(({ name, data, jobId }) => ({ name, data, opts: { jobId } })));
    }
    return ids;
  };

  const conductor: Conductor = {
    async run(steps) {
      ended.clear();
      const begun = Date.now();
      const planned = steps.map((step) => ({
        ...step,
        jobs: step.jobs.map((job) => ({ ...job, jobId: `soak-${count++}` })),
      }));
      const ids = await add(planned.flatMap(({ jobs }) => jobs));
      const meanwhile = planned.map((step) =>
        step.meanwhile?.(
          step.jobs.map(({ jobId }) => jobId),
          conductor,
        ),
      );
      await Promise.all([...meanwhile, until(() => [...ids.values()].every((id) => ended.has(id)))]);
      return planned.map(({ jobs }) =>
        jobs.map(({ jobId }) => outcomeOf(jobId, ids.get(jobId) ?? "", ended, begun)),
      );
    },
    async active(id) {
      await until(() => ended.has(id) || underWay.get(id) === "active");
    },
    async cancel(id) {
      const hasEnded = await producer.cancel(id).catch((error: Error) => {
        if (ended.has(id) || /has (completed|failed) already/.test(error.message)) return true;
        throw error;
      });
      if (!hasEnded) throw new Error(`the job ${id} was cancelled and did not end`);
    },
    async idle() {
      if (await until(() => underWay.size === 0)) return [];
      const records = await Promise.all([...underWay.keys()].slice(0, 10).map((id) => producer.job(id)));
      return records.map((record) => `a job does not end: ${JSON.stringify(record)}`);
    },
    async capEvents(kept) {
      // Where BullMQ's scripts read it.
      for (const queue of queues.values()) await redis.hset(queue.keys.meta ?? "", "opts.maxLenEvents", kept);
    },
    async trimFailed(kept) {
      for (const queue of queues.values()) {
        const surplus = (await queue.getFailedCount()) - kept;
        if (surplus > 0) await queue.clean(0, surplus, "failed");
      }
    },
    async [Symbol.asyncDispose]() {
      listening.abort();
      await listener;
      await producer.close();
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
  return conductor;
}

function outcomeOf(jobId: string, id: string, ended: ReadonlyMap<string, JobEvent>, begun: number): Outcome {
  const event = ended.get(id);
  return {
    id,
    joined: id !== jobId,
    ending: event === undefined ? "lost" : (event.error?.code ?? "completed"),
    message: event?.error?.message ?? "",
    result: event?.result,
    durationMs: (event?.at ?? Date.now()) - begun,
  };
}
