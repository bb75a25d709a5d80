// The metrics of this process (prom-client). They are collected once, for any number of workers, and never stopped.
import { collectDefaultMetrics, Registry } from "prom-client";

/** Gauges that are named as counters. Each is the sum of one that tells of the types apart, and stays. */
const misnamed = ["handles", "requests", "resources"].map((what) => `nodejs_active_${what}_total`);

let registry: Registry | undefined;

/** The registry of `process_…` and `nodejs_…`. The first call starts to collect. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
    for (const name of misnamed) registry.removeSingleMetric(name);
  }
  return registry;
}
