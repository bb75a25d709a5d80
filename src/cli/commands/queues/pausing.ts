// What stevedore pause and stevedore resume have in common.
import { JobError } from "../../../jobs/index.js";
import type { ErrorCode } from "../../../terms/index.js";
import { action, ReportedFailure } from "../../run-command.js";

/** The action of either. @param verb the method of the producer */
export function pausing(verb: "pause" | "resume") {
  const paused = verb === "pause";
  return action(async (context, _flags, names: string[]) => {
    const { openQueueSession } = await import("../../embedded/index.js");
    await using session = await openQueueSession(context);
    const queues: { readonly queue: string; readonly paused: boolean; readonly changed: boolean }[] = [];
    const failed: { readonly queue: string; readonly code: ErrorCode; readonly message: string }[] = [];
    for (const queue of new Set(names)) {
      try {
        const changed = await session.producer[verb](queue);
        queues.push({ queue, paused, changed });
        if (!changed) context.tell(`the queue ${queue} ${paused ? "was paused already" : "was not paused"}`);
      } catch (error) {
        if (!(error instanceof JobError) || error.code === "QUEUE_UNAVAILABLE") throw error;
        failed.push({ queue, code: error.code, message: error.message });
      }
    }
    context.print(
      { queues, failed },
      queues.map(({ queue }) => queue),
    );
    for (const { code, message } of failed) context.warn(`${code}: ${message}`);
    if (failed.length > 0) throw new ReportedFailure();
  });
}
