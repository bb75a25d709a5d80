// Makes each tool that a job runs a span of the job's trace, and passes the span on to the tool.
import type { Span } from "@opentelemetry/api";
import { type ToolRun, toolRuns } from "../../host/index.js";

let subscribing: Promise<void> | undefined;

/** Starts, once per process: loads the OpenTelemetry API, which uses the tracers that the operator has registered. */
export function traceTools(): Promise<void> {
  subscribing ??= subscribe();
  return subscribing;
}

async function subscribe(): Promise<void> {
  const { context, propagation, SpanKind, SpanStatusCode, trace } = await import("@opentelemetry/api");
  const tracer = trace.getTracer("stevedore");
  const spans = new WeakMap<ToolRun, Span>();

  toolRuns.start.subscribe((message) => {
    const run = message as ToolRun;
    // Tools that no job runs, such as the checks at the start, are in no trace.
    if (trace.getActiveSpan() === undefined) return;
    const { command, args } = run;
    const attributes = { "process.executable.name": command, "process.command_args": [command, ...args] };
    const span = tracer.startSpan(`run ${command}`, { kind: SpanKind.INTERNAL, attributes });
    spans.set(run, span);
    const carrier: Record<string, string> = {};
    propagation.inject(trace.setSpan(context.active(), span), carrier);
    // OpenTelemetry, "Environment Variables as Context Propagation Carriers".
    for (const [name, value] of Object.entries(carrier)) run.environment[name.toUpperCase()] = value;
  });
  toolRuns.asyncEnd.subscribe((message) => {
    const { command, pid, error } = message as ToolRun;
    const span = spans.get(message as ToolRun);
    if (span === undefined) return;
    if (pid !== undefined) span.setAttribute("process.pid", pid);
    if (error !== undefined) {
      span.recordException(error instanceof Error ? error : String(error));
      span.setStatus({ code: SpanStatusCode.ERROR, message: `${command} failed` });
    }
    span.end();
  });
}
