// stevedore cancel ID…: cancels jobs that wait or run.
import type { Command } from "commander";
import { isBatch, isJobName, JobError } from "../../../jobs/index.js";
import { type ChildCounts, hasEnded, type Producer } from "../../../producer/index.js";
import { confirm, type YesFlag, yesOption } from "../../asking/index.js";
import { action, ReportedFailure } from "../../run-command.js";
import { jobsArgument, wholeJobId } from "./job-reference.js";
import { assertQueue } from "./queue-option.js";

interface CancelFlags extends YesFlag {
  readonly queue?: string;
}

export function declare(program: Command): void {
  program
    .command("cancel")
    .description("end jobs that wait or run, batches with their children")
    .argument("<id...>", jobsArgument)
    .option("--queue <queue>", "their queue, where several have a job of such an id")
    .addOption(yesOption)
    .addHelpText(
      "after",
      `
What a job had begun is taken back. It stays in the lists in the state cancelled. On a terminal it
asks before it cancels a batch.

Example:
  $ stevedore cancel 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11`,
    )
    .action(
      action<CancelFlags>(async (context, { queue, yes }, ids: string[]) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        await assertQueue(session.producer, queue);
        const question = () => questionOf(session.producer, ids, queue);
        await confirm(context, { yes }, question, "nothing was cancelled");
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

/** Names the batches among some jobs, and how far they are; undefined if there are none that have not ended. */
async function questionOf(
  producer: Producer,
  ids: readonly string[],
  queue: string | undefined,
): Promise<string | undefined> {
  const batches: string[] = [];
  for (const id of ids) {
    // Of what cannot be found it is said when it is cancelled.
    const record = await producer.job(id, { queue }).catch(() => undefined);
    if (record === undefined || !isJobName(record.name) || !isBatch(record.name) || hasEnded(record))
      continue;
    const children = await producer.children(id, { queue: record.queue });
    batches.push(`${id} (${record.name}${children === undefined ? "" : farOf(children)})`);
  }
  const [first] = batches;
  if (first === undefined) return undefined;
  const more = batches.length - 1;
  return `cancel the batch ${first}${more === 0 ? "" : `, and ${more} more`}`;
}

function farOf({ waiting, active, completed, failed, cancelled }: ChildCounts): string {
  const ended = completed + failed + cancelled;
  return `: ${ended} of ${ended + waiting + active} jobs have ended`;
}
