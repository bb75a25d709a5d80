// What stevedore pause and stevedore resume have in common.
import { JobError } from "../../../jobs/index.js";
import type { ErrorCode } from "../../../terms/index.js";
import { action, ReportedFailure } from "../../run-command.js";

interface Flags {
  readonly schedule?: boolean;
}

/** The flag of either. */
export const scheduleFlag = ["--schedule", "the names are the ids of schedules"] as const;

/** The action of either. @param verb the method of the producer */
export function pausing(verb: "pause" | "resume") {
  const paused = verb === "pause";
  return action(async (context, { schedule = false }: Flags, names: string[]) => {
    const { openQueueSession } = await import("../../embedded/index.js");
    await using session = await openQueueSession(context);
    const { producer } = session;
    const what = schedule ? "schedule" : "queue";
    const done: { readonly name: string; readonly changed: boolean }[] = [];
    const failed: { readonly name: string; readonly code: ErrorCode; readonly message: string }[] = [];
    for (const name of new Set(names)) {
      try {
        const changed = await (schedule ? producer[`${verb}Schedule`](name) : producer[verb](name));
        done.push({ name, changed });
        if (!changed) context.tell(`the ${what} ${name} ${paused ? "was paused already" : "was not paused"}`);
      } catch (error) {
        if (!(error instanceof JobError) || error.code === "QUEUE_UNAVAILABLE") throw error;
        failed.push({ name, code: error.code, message: error.message });
      }
    }
    context.print(
      {
        [`${what}s`]: done.map(({ name, changed }) => ({ [what]: name, paused, changed })),
        failed: failed.map(({ name, ...why }) => ({ [what]: name, ...why })),
      },
      done.map(({ name }) => name),
    );
    for (const { code, message } of failed) context.warn(`${code}: ${message}`);
    if (failed.length > 0) throw new ReportedFailure();
  });
}
