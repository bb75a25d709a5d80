// The metrics of one worker (docs/observability.md). The server reads them from the worker's status.
import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { type AnyQueueName, type JobName, jobNames, type Progress } from "../../jobs/index.js";
import { recipeNames } from "../../terms/index.js";
import type { CpuBudget } from "../cpu-budget.js";
import { type BlockMetrics, openBlockMetrics } from "./block-metrics.js";
import { processMetrics } from "./process-metrics.js";

/** How a try ended. A try that goes back to its queue, or waits for other jobs, has no outcome. */
export type Outcome = "completed" | "failed" | "retried" | "cancelled";

/** How a try to deliver a notification ended. */
const deliveryOutcomes = ["delivered", "retried", "failed"] as const;
type DeliveryOutcome = (typeof deliveryOutcomes)[number];

export interface WorkerMetrics {
  readonly blocks: BlockMetrics;
  /** Counts a try that begins. */
  began(queue: AnyQueueName, name: JobName, data: unknown): MeteredTry;
  /** Counts a job whose worker was lost. */
  stalled(queue: AnyQueueName): void;
  /** Counts a try to deliver a notification. */
  notified(outcome: DeliveryOutcome): void;
  /** How many jobs of a queue are active. */
  active(queue: AnyQueueName): number;
  /** Notes how far this host's clock is ahead of Redis's, in ms. */
  clockSkew(skew: number): void;
  /** All metrics, with those of the process, in the form of `WorkerStatus`. */
  read(): Promise<Awaited<ReturnType<Registry["getMetricsAsJSON"]>>>;
}

/** A try that is counted. It is active until it is disposed of. */
interface MeteredTry extends Disposable {
  progress(progress: Progress): void;
  /** @param result of a try that has completed */
  ended(outcome: Outcome, result?: unknown): void;
}

/** The buckets of durations, in seconds: from 5 ms to an hour. */
const buckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600, 1800, 3600];

/** The kinds of sources that archives come from. */
const sources = ["path", "upload", "url", "registry"];

/** Starts to count. @param version of Stevedore */
export function openWorkerMetrics(
  cpu: CpuBudget,
  queues: readonly AnyQueueName[],
  version: string,
): WorkerMetrics {
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: string, help: string, label: string, values: readonly string[]) => {
    const made = new Counter({ name, help, labelNames: [label], registers });
    // Begins at 0, so that the first count is an increase too.
    for (const value of values) made.inc({ [label]: value }, 0);
    return made;
  };
  const duration = new Histogram({
    name: "stevedore_job_duration_seconds",
    help: "Time from the beginning of a job's try to its end",
    labelNames: ["kind", "outcome"],
    buckets,
    registers,
  });
  // To find a series by its labels takes prom-client longer than to observe it.
  const durations = new Map<string, ReturnType<typeof duration.labels>>();
  const durationOf = (kind: JobName, outcome: Outcome) => {
    const key = `${kind} ${outcome}`;
    const series = durations.get(key) ?? duration.labels({ kind, outcome });
    durations.set(key, series);
    return series;
  };
  const retries = counter(
    "stevedore_job_retries_total",
    "Tries that failed and are repeated",
    "kind",
    jobNames,
  );
  const cancelled = counter(
    "stevedore_jobs_cancelled_total",
    "Jobs that were cancelled at work",
    "kind",
    jobNames,
  );
  const stalled = counter(
    "stevedore_jobs_stalled_total",
    "Jobs whose worker was lost, as this one noticed",
    "queue",
    queues,
  );
  const notifications = counter(
    "stevedore_notifications_total",
    "Tries to tell a callback of the end of a job",
    "outcome",
    deliveryOutcomes,
  );
  const sourceBytes = counter(
    "stevedore_source_read_bytes_total",
    "Bytes read of archives to store",
    "source",
    sources,
  );
  const storedBytes = new Counter({
    name: "stevedore_layer_stored_bytes_total",
    help: "Bytes of the files in layers that were stored or committed",
    registers,
  });
  const hashedBytes = counter(
    "stevedore_layer_hashed_bytes_total",
    "Bytes of layers, as canonical tar, that were read to be checksummed or verified",
    "kind",
    ["checksum", "verify"],
  );
  const archiveBytes = counter(
    "stevedore_archive_bytes_total",
    "Bytes of the archives that were made for checksums",
    "recipe",
    recipeNames,
  );
  const atWork = new Map<AnyQueueName, number>(queues.map((queue) => [queue, 0]));
  new Gauge({
    name: "stevedore_jobs_active",
    help: "Jobs at work",
    labelNames: ["queue"],
    registers,
    // Counted at each job, and told when asked for.
    collect() {
      for (const [queue, count] of atWork) this.set({ queue }, count);
    },
  });
  const changeActive = (queue: AnyQueueName, by: number) => {
    atWork.set(queue, (atWork.get(queue) ?? 0) + by);
  };
  new Gauge({
    name: "stevedore_cpu_threads",
    help: "CPU threads that compressors share",
    registers,
    collect() {
      this.set(cpu.threads);
    },
  });
  new Gauge({
    name: "stevedore_cpu_threads_busy",
    help: "CPU threads that compressors have",
    registers,
    collect() {
      this.set(cpu.busy());
    },
  });
  const clockSkew = new Gauge({
    name: "stevedore_worker_clock_skew_seconds",
    help: "How far the clock of the worker's host is ahead of Redis's",
    registers,
  });
  new Gauge({
    name: "stevedore_worker_info",
    help: "1 for each worker, with its version",
    labelNames: ["version"],
    registers,
  }).set({ version }, 1);

  return {
    blocks: openBlockMetrics(registry),
    began(queue, name, data) {
      const begun = performance.now();
      changeActive(queue, 1);
      let count: ((bytes: number) => void) | undefined;
      let done = 0;
      return {
        progress(progress) {
          if (progress.unit !== "bytes") return;
          // Not before: once there is progress, the data has been checked against the contract.
          count ??= bytesCounter(name, data);
          // A second pass starts at 0 again.
          count(progress.done < done ? progress.done : progress.done - done);
          done = progress.done;
        },
        ended(outcome, result) {
          durationOf(name, outcome).observe((performance.now() - begun) / 1_000);
          if (outcome === "retried") retries.inc({ kind: name });
          if (outcome === "cancelled") cancelled.inc({ kind: name });
          if (outcome === "completed") countResult(name, result);
        },
        [Symbol.dispose]: () => changeActive(queue, -1),
      };
    },
    clockSkew: (skew) => clockSkew.set(skew / 1_000),
    stalled: (queue) => stalled.inc({ queue }),
    notified: (outcome) => notifications.inc({ outcome }),
    active: (queue) => atWork.get(queue) ?? 0,
    async read() {
      const registries = await Promise.all([registry, processMetrics()].map((one) => one.getMetricsAsJSON()));
      return registries.flat();
    },
  };

  /** The counter for the bytes in the progress of such a job. */
  function bytesCounter(name: JobName, data: unknown): (bytes: number) => void {
    if (name === "checksum" || name === "verify") {
      const ofKind = hashedBytes.labels({ kind: name });
      return (bytes) => ofKind.inc(bytes);
    }
    if (name === "pull") return (bytes) => sourceBytes.labels({ source: "registry" }).inc(bytes);
    if (name !== "store" && name !== "import") return () => undefined;
    const { layer, source: from = layer ?? {} } = data as {
      readonly layer?: object;
      readonly source?: object;
    };
    const ofSource = sourceBytes.labels({ source: sources.find((source) => source in from) ?? "url" });
    return (bytes) => ofSource.inc(bytes);
  }

  function countResult(name: JobName, result: unknown): void {
    if (name === "store" || name === "commit") {
      const { stored, layerBytes } = result as { readonly stored: boolean; readonly layerBytes: number };
      if (stored) storedBytes.inc(layerBytes);
    } else if (name === "import" || name === "pull") {
      storedBytes.inc((result as { readonly layerBytes: number }).layerBytes);
    } else if (name === "checksum") {
      const made = result as { cached: boolean; recipe: string; archiveBytes: number | null };
      if (!made.cached && made.archiveBytes !== null)
        archiveBytes.inc({ recipe: made.recipe }, made.archiveBytes);
    }
  }
}
