// The metrics of this process (prom-client). They are collected once, for any number of workers, and never stopped.
import { collectDefaultMetrics, Registry } from "prom-client";

let registry: Registry | undefined;

/** The registry of `process_…` and `nodejs_…`. The first call starts to collect. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
