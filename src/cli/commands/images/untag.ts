// stevedore untag NAME…: removes names; the images stay.
import type { Command } from "commander";
import type { JobResult } from "../../../jobs/index.js";
import { action, ReportedFailure } from "../../run-command.js";

interface UntagFlags {
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  program
    .command("untag")
    .description("take names away and print them; the images stay")
    .argument("<name...>", "names as stevedore images shows them (default tag: latest)")
    .option("--detach", "print the jobs' ids and return")
    .addHelpText(
      "after",
      `
With --json: {"untagged": [{"name", "id"}], "failed": [{"name", "code", "message"}]}

Example:
  $ stevedore untag web:1.1 web:1.2`,
    )
    .action(
      action<UntagFlags>(async (context, { detach = false }, names: string[]) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const jobs = names.map((name) => ({
          name: "untag" as const,
          data: parseJobData("untag", { name }),
        }));
        const { openQueueSession } = await import("../../embedded/index.js");
        const { runJobs, withNotify } = await import("../../run-jobs.js");
        await using session = await openQueueSession(context, { work: detach ? undefined : {} });
        if (detach) {
          const enqueued = await session.producer.enqueueAll(withNotify(jobs, context));
          context.print(
            enqueued,
            enqueued.map(({ id }) => id),
          );
          return;
        }
        const outcomes = await runJobs(session, jobs, context, ({ data }) => ({ label: data.name }));
        const untagged: JobResult<"untag">[] = [];
        const failed: { readonly name: string; readonly code: string; readonly message: string }[] = [];
        for (const [at, outcome] of outcomes.entries()) {
          if ("result" in outcome) untagged.push(outcome.result);
          else {
            const { code, message } = outcome.error;
            failed.push({ name: names[at] ?? "", code, message });
          }
        }
        context.print(
          { untagged, failed },
          untagged.map(({ name }) => name),
        );
        for (const { code, message } of failed) context.warn(`${code}: ${message}`);
        if (failed.length > 0) throw new ReportedFailure();
      }),
    );
}
