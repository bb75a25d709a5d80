// stevedore job ID: one job's record, and the lines of its log.
import type { Command } from "commander";
import { JobError } from "../../../jobs/index.js";
import { action } from "../../run-command.js";
import { formatJson } from "../../terminal/index.js";

export function declare(program: Command): void {
  program
    .command("job")
    .description("show a job: its state, progress, result or error, and its log")
    .argument("<id>", "a job id, as --detach prints it")
    .addHelpText(
      "after",
      "\nExample:\n  $ stevedore job 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11 --json | jq .result",
    )
    .action(
      action(async (context, _flags, id: string) => {
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        const record = await session.producer.job(id);
        if (record === undefined) throw new JobError("INVALID_JOB", `there is no job ${JSON.stringify(id)}`);
        const shown = { ...record, log: await session.producer.log(id) };
        context.print(shown, formatJson(shown));
      }),
    );
}
