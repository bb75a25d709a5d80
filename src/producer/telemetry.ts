// OpenTelemetry traces, if they are asked for: otherwise nothing of OpenTelemetry is loaded.
import type { Telemetry } from "bullmq";
import { JobError } from "../jobs/index.js";

/**
 * True if traces are asked for: by `STEVEDORE_TRACES` (1 or 0), else by a tracer provider that is registered in this
 * process. All versions of the API keep it under this symbol (@opentelemetry/api, "global-utils").
 */
export function tracesAreAsked(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { STEVEDORE_TRACES: asked = "" } = environment;
  if (asked !== "") return asked !== "0";
  const api = (globalThis as Record<symbol, { readonly trace?: unknown } | undefined>)[
    Symbol.for("opentelemetry.js.api.1")
  ];
  return api?.trace !== undefined;
}

/**
 * BullMQ's telemetry for `openProducer`; undefined if traces are not asked for.
 * @throws `INVALID_OPTION` if they are, and `bullmq-otel` is not installed: it does not come with stevedore-producer
 */
export async function telemetryIfAsked(): Promise<Telemetry | undefined> {
  if (!tracesAreAsked()) return undefined;
  const { BullMQOtel } = await import("bullmq-otel").catch((cause: unknown) => {
    throw new JobError("INVALID_OPTION", "traces are asked for: they need the package bullmq-otel", {
      cause,
    });
  });
  return new BullMQOtel({ tracerName: "stevedore" });
}
