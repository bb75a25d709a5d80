// stevedore remove ID… | --state STATE: removes the records of jobs.
import { type Command, Option } from "commander";
import { type JobFilter, type JobState, jobStates, type Producer } from "../../../producer/index.js";
import { confirm, type YesFlag, yesOption } from "../../asking/index.js";
import { action, duration } from "../../run-command.js";
import { addFilterFlags, assertMeant, eachOf, type FilterFlags, filterOf, tellResult } from "./operate.js";

interface RemoveFlags extends FilterFlags, YesFlag {
  readonly state?: JobState;
  readonly older?: number;
}

const removable = [...new Set([...jobStates.filter((state) => state !== "active"), "cancelled"])];

export function declare(program: Command): void {
  addFilterFlags(
    program
      .command("remove")
      .description("remove the records of jobs that wait or have ended, of batches with their children")
      .addOption(
        new Option(
          "--state <state>",
          "all in this state, or those of them that the other flags mean",
        ).choices(removable),
      )
      .option(
        "--older <time>",
        "only what ended, or was enqueued, longer ago, such as 90s, 15m, 12h or 30d",
        duration,
      )
      .addOption(yesOption),
  )
    .addHelpText(
      "after",
      `
Prints the ids that are gone, or how many. Refused, with the exit code 1, are jobs at work (cancel them first) and the
next run of a schedule. Images are not touched: see stevedore rm. On a terminal it asks first.
With --json: {removed, refused, refusals: [{id, code, message}]}, the first hundred refusals of many.

Examples:
  $ stevedore remove 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11
  $ stevedore remove --state failed --older 7d`,
    )
    .action(
      action<RemoveFlags>(async (context, { state, older, yes, ...flags }, ids: string[]) => {
        const { queue, code, name, image } = flags;
        assertMeant(ids, state !== undefined, "--state", { older, code, name, image });
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        const { producer } = session;
        const refused = "nothing was removed";
        if (state === undefined) {
          await confirm(context, { yes }, async () => `remove ${recordsOf(ids.length)}`, refused);
          return tellResult(
            context,
            "removed",
            await eachOf(producer, ids, queue, (id) => producer.remove(id, queue)),
          );
        }
        const before = older === undefined ? undefined : Date.now() - older;
        const filter = { ...filterOf(flags), state, before };
        await confirm(context, { yes }, () => questionOf(producer, filter), refused);
        const { removed, ...rest } = await producer.removeAll(filter, { signal: context.signal });
        tellResult(context, "removed", { done: removed, ...rest });
      }),
    );
}

/** How many jobs are looked at to tell how many would go. */
const mostCounted = 10_000;

/** Tells how many jobs match; undefined for none. */
async function questionOf(producer: Producer, filter: JobFilter): Promise<string | undefined> {
  let count = 0;
  for await (const _ of producer.jobs(filter)) {
    count += 1;
    if (count > mostCounted) return `remove more than ${recordsOf(mostCounted)}`;
  }
  return count === 0 ? undefined : `remove ${recordsOf(count)}`;
}

function recordsOf(count: number): string {
  return count === 1 ? "the record of 1 job" : `the records of ${count.toLocaleString("en")} jobs`;
}
