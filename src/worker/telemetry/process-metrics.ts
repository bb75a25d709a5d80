// What prom-client measures of this process: once, however many workers it has, for what measures is never taken back.
import { collectDefaultMetrics, Registry } from "prom-client";

let registry: Registry | undefined;

/** The registry of `process_…` and `nodejs_…`; measured from the first call on. */
export function processMetrics(): Registry {
  if (registry === undefined) {
    registry = new Registry();
    collectDefaultMetrics({ register: registry });
  }
  return registry;
}
