// stevedore cancel ID…: cancels jobs that wait or run.
import type { Command } from "commander";
import { JobError } from "../../../jobs/index.js";
import { action, ReportedFailure } from "../../run-command.js";
import { jobsArgument, wholeJobId } from "./job-reference.js";
import { assertQueue } from "./queue-option.js";

export function declare(program: Command): void {
  program
    .command("cancel")
    .description("end jobs that wait or run, batches with their children")
    .argument("<id...>", jobsArgument)
    .option("--queue <queue>", "their queue, where several have a job of such an id")
    .addHelpText(
      "after",
      `
What a job had begun is taken back. It stays in the lists in the state cancelled.

Example:
  $ stevedore cancel 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11`,
    )
    .action(
      action<{ readonly queue?: string }>(async (context, { queue }, ids: string[]) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        await assertQueue(session.producer, queue);
        const cancelled: string[] = [];
        const failed: { readonly id: string; readonly code: string; readonly message: string }[] = [];
        for (const name of ids) {
          let id = name;
          try {
            id = await wholeJobId(session.producer, name, queue);
            if (await session.producer.cancel(id, { queue })) cancelled.push(id);
            else throw new JobError("QUEUE_UNAVAILABLE", unanswered(id));
          } catch (error) {
            if (!(error instanceof JobError)) throw error;
            failed.push({ id, code: error.code, message: error.message });
          }
        }
        context.print({ cancelled, failed }, cancelled);
        for (const { code, message } of failed) context.warn(`${code}: ${message}`);
        if (failed.length > 0) throw new ReportedFailure();
      }),
    );
}

function unanswered(id: string): string {
  return `the worker of job ${id} does not answer: the job ends when another takes it up`;
}
