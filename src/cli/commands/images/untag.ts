// stevedore untag NAME…: removes names; the images stay.
import type { Command } from "commander";
import type { JobResult } from "../../../jobs/index.js";
import { confirm, type YesFlag, yesOption } from "../../asking/index.js";
import type { Config } from "../../config.js";
import { delayOption, priorityOption } from "../../enqueue-flags.js";
import { action, ReportedFailure } from "../../run-command.js";

interface UntagFlags extends YesFlag {
  readonly detach?: boolean;
}

export function declare(program: Command): void {
  program
    .command("untag")
    .description("take names away and print them; the images stay")
    .argument("<name...>", "names as stevedore images shows them (default tag: latest)")
    .addOption(yesOption)
    .option("--detach", "print the jobs' ids and return")
    .addOption(priorityOption)
    .addOption(delayOption)
    .addHelpText(
      "after",
      `
On a terminal it asks before it takes the last name of an image, which gc may delete then.
With --json: {"untagged": [{"name", "id"}], "failed": [{"name", "code", "message"}]}

Example:
  $ stevedore untag web:1.1 web:1.2`,
    )
    .action(
      action<UntagFlags>(async (context, { detach = false, yes }, names: string[]) => {
        const { parseJobData } = await import("../../../jobs/index.js");
        const jobs = names.map((name) => ({
          name: "untag" as const,
          data: parseJobData("untag", { name }),
        }));
        await confirm(context, { yes }, () => questionOf(context.config, names), "no name was taken away");
        const { openQueueSession } = await import("../../embedded/index.js");
        const { runJobs, withOptions } = await import("../../run-jobs.js");
        await using session = await openQueueSession(context, { work: detach ? undefined : {} });
        if (detach) {
          const enqueued = await session.producer.enqueueAll(withOptions(jobs, context));
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

/** Names images that would have no name then; undefined if there are none. */
async function questionOf(config: Config, names: readonly string[]): Promise<string | undefined> {
  const { openGraph } = await import("../../../graph/index.js");
  const { textOf } = await import("./described-image.js");
  const { defaultTag, StevedoreError } = await import("../../../terms/index.js");
  try {
    const graph = await openGraph(config.root, { host: config.host });
    const byImage = await graph.names.byImage();
    const taken = new Set(names.flatMap((name) => [name, `${name}:${defaultTag}`]));
    const nameless = [...byImage].filter(([, own]) => own.every((name) => taken.has(name)));
    const [first] = nameless;
    if (first === undefined) return undefined;
    const [id, own] = first;
    const more = nameless.length - 1;
    const others = more === 0 ? "" : `, and of ${more} other image${more === 1 ? "" : "s"}`;
    const what = own.length === 1 ? "the last name" : "all names";
    return `take away ${what} of ${await textOf(graph, id, own)}${others}: stevedore gc may delete ${more === 0 ? "it" : "them"} then; go on`;
  } catch (error) {
    // The job says what is wrong.
    if (error instanceof StevedoreError) return undefined;
    throw error;
  }
}
