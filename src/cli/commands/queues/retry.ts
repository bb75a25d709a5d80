// stevedore retry ID… | --failed: has jobs done once more.
import type { Command } from "commander";
import type { JobState } from "../../../producer/index.js";
import { action } from "../../run-command.js";
import { addFilterFlags, assertMeant, eachOf, type FilterFlags, filterOf, tellResult } from "./operate.js";

interface RetryFlags extends FilterFlags {
  readonly failed?: boolean;
  readonly cancelled?: boolean;
}

export function declare(program: Command): void {
  addFilterFlags(
    program
      .command("retry")
      .description("have jobs done once more that failed or were cancelled, with their tries anew")
      .option("--failed", "all that failed, or those of them that the other flags mean")
      .option("--cancelled", "the same of those that were cancelled"),
  )
    .addHelpText(
      "after",
      `
Prints the ids that wait again, or how many. A batch makes those of its children again that failed. Refused, with the
exit code 1, are jobs that have not failed, those whose record cannot be read, and those whose work another job is doing.
With --json: {retried, refused, refusals: [{id, code, message}]}, the first hundred refusals of many.

Examples:
  $ stevedore retry 3c0e8f52-5e0b-4f55-9c8e-2f1b5d3a7c11
  $ stevedore retry --failed --code NO_SPACE --name checksum`,
    )
    .action(
      action<RetryFlags>(async (context, { failed = false, cancelled = false, ...flags }, ids: string[]) => {
        const { queue, code, name, image } = flags;
        assertMeant(ids, failed || cancelled, "--failed", { code, name, image });
        const { openQueueSession } = await import("../../embedded/index.js");
        await using session = await openQueueSession(context);
        const { producer } = session;
        if (ids.length > 0) {
          return tellResult(
            context,
            "retried",
            await eachOf(producer, ids, queue, (id) => producer.retry(id, queue)),
          );
        }
        const filter = filterOf(flags);
        const states = [...(failed ? ["failed"] : []), ...(cancelled ? ["cancelled"] : [])] as JobState[];
        let [done, refused] = [0, 0];
        const refusals = [];
        for (const state of states) {
          const outcome = await producer.retryAll({ ...filter, state }, { signal: context.signal });
          done += outcome.retried;
          refused += outcome.refused;
          refusals.push(...outcome.refusals);
        }
        tellResult(context, "retried", { done, refused, refusals });
      }),
    );
}
