// stevedore jobs: the records of the queues; with --watch what happens in them.
import { type Command, Option } from "commander";
import { type JobRecord, type JobState, jobStates } from "../../../producer/index.js";
import { onOneLine } from "../../../terms/index.js";
import { action } from "../../run-command.js";

/** The states of jobs that no worker has begun. */
const unbegun: readonly string[] = ["waiting", "prioritized", "delayed"];

export function declare(program: Command): void {
  program
    .command("jobs")
    .description("list the jobs of the queues")
    .addOption(new Option("--state <state>", "only jobs in this state").choices([...jobStates]))
    .option("--watch", "show the queues until Ctrl-C; without a terminal, or with --json, a line per change")
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore jobs --state failed --json | jq -r '.[].failedReason'
  $ stevedore jobs --watch
  $ stevedore jobs --watch --state completed --json | jq -c .result`,
    )
    .action(
      action<{ readonly state?: JobState; readonly watch?: boolean }>(async (context, { state, watch }) => {
        if (watch) {
          const { watchJobs } = await import("./watch-jobs.js");
          return watchJobs(context, state);
        }
        const { openQueueSession } = await import("../../embedded/index.js");
        const { formatTable, formatTime, pausedLines } = await import("../../terminal/index.js");
        await using session = await openQueueSession(context);
        const records: JobRecord[] = [];
        for await (const record of session.producer.jobs({ state })) records.push(record);
        records.sort((a, b) => a.createdAt - b.createdAt);
        const paused = await session.producer.paused();
        for (const line of pausedLines(paused)) context.warn(line);
        const stateOf = ({ queue, state }: JobRecord) =>
          paused.includes(queue) && unbegun.includes(state) ? `${state} (paused)` : state;
        const rows = records.map((record) => {
          const { id, queue, name, attempts, createdAt, failedReason } = record;
          return [
            ...[
              onOneLine(id),
              queue,
              onOneLine(name, 40),
              stateOf(record),
              String(attempts),
              formatTime(createdAt),
            ],
            failedReason ?? "",
          ];
        });
        context.print(
          records,
          formatTable([["ID", "QUEUE", "NAME", "STATE", "TRIES", "CREATED", "FAILURE"], ...rows]),
        );
      }),
    );
}
