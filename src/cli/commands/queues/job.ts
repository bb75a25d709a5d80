// stevedore job ID: one job, as people read it, or its record with --json; and the lines of its log.
import type { Command } from "commander";
import { isBatch, isJobName, JobError, noJob } from "../../../jobs/index.js";
import { hasEnded } from "../../../producer/index.js";
import { action } from "../../run-command.js";
import { jobLines } from "../../terminal/index.js";
import { jobArgument, wholeJobId } from "./job-reference.js";
import { assertQueue } from "./queue-option.js";

export function declare(program: Command): void {
  program
    .command("job")
    .description("show a job: its state, progress, result or error, and its log")
    .argument("<id>", jobArgument)
    .option("--queue <queue>", "its queue, where several have a job of this id")
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore job 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11
  $ stevedore job 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11 --json | jq .result`,
    )
    .action(
      action<{ readonly queue?: string }>(async (context, { queue: asked }, name: string) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        const { producer } = session;
        await assertQueue(producer, asked);
        const id = await wholeJobId(producer, name, asked);
        const record = await producer.job(id, { queue: asked });
        if (record === undefined) throw new JobError("INVALID_JOB", noJob(id, asked));
        const { queue } = record;
        const log = await producer.log(id, { queue });
        if (context.json) return context.print({ ...record, log }, []);
        const isRunningBatch = isJobName(record.name) && isBatch(record.name);
        const [children, paused, workers] = await Promise.all([
          isRunningBatch ? producer.children(id, { queue }) : undefined,
          producer.paused(),
          hasEnded(record) ? undefined : producer.workers(queue),
        ]);
        context.print(
          undefined,
          jobLines(record, { log, children, isPaused: paused.includes(queue), workers }, Date.now(), context),
        );
      }),
    );
}
