// Traces by OpenTelemetry, for who asks for them: nothing of it is loaded otherwise.
import type { Telemetry } from "bullmq";

/**
 * Whether traces are asked for: `STEVEDORE_TRACES` says it (1 or 0), or else a provider of tracers has been registered
 * in this process. Where the API keeps that is what its versions agree on (@opentelemetry/api, "global-utils").
 */
export function tracesAreAsked(environment: NodeJS.ProcessEnv = process.env): boolean {
  const { STEVEDORE_TRACES: asked = "" } = environment;
  if (asked !== "") return asked !== "0";
  const api = (globalThis as Record<symbol, { readonly trace?: unknown } | undefined>)[
    Symbol.for("opentelemetry.js.api.1")
  ];
  return api?.trace !== undefined;
}

/** What makes BullMQ a part of traces, to be handed to `openProducer`; undefined if nobody asked for them. */
export async function telemetryIfAsked(): Promise<Telemetry | undefined> {
  if (!tracesAreAsked()) return undefined;
  const { BullMQOtel } = await import("bullmq-otel");
  return new BullMQOtel({ tracerName: "stevedore" });
}
