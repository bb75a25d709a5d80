// stevedore schedule JOB: enqueues a job repeatedly, by a cron expression.
import type { Command } from "commander";
import { JobError } from "../../../jobs/index.js";
import { recipeNames } from "../../../terms/index.js";
import { action, type CommandContext, wrongUsage } from "../../run-command.js";

interface ScheduleFlags {
  readonly cron: string;
  readonly tz?: string;
  readonly id?: string;
  readonly data?: string;
  readonly recipe?: string;
  readonly force?: boolean;
}

export function declare(program: Command): void {
  program
    .command("schedule")
    .description("have a job done again and again; one of the same id is replaced")
    .argument("<job>", "checksum, checksum-graph, verify, verify-graph, gc, pull or push")
    .argument(
      "[id...]",
      "images: ids, names, or unique prefixes of ids; of -graph the default is every image; of pull REF, of push IMAGE REF",
    )
    .requiredOption(
      "--cron <expression>",
      "when: minute hour day month weekday, or six fields with the second first",
    )
    .option("--tz <zone>", "the time zone that is meant, such as Europe/Berlin (default: UTC)")
    .option("--id <name>", "what to call the schedule (default: by the job and the image)")
    .option("--recipe <recipe>", `of checksums: ${recipeNames.join(", ")}`)
    .option("--force", "of checksums: compute them even if they are stored")
    .option("--data <json>", "the job's data as JSON, instead of ids, --recipe and --force")
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore schedule verify-graph --cron "0 3 * * *" --tz Europe/Berlin
  $ stevedore schedule checksum-graph --cron "*/30 * * * *" --id half-hourly --recipe xz-1
  $ stevedore schedule pull docker.io/library/debian:12 --cron @daily
  $ stevedore schedule gc --cron @daily --data '{"olderMs":604800000}'`,
    )
    .action(action<ScheduleFlags>(schedule));
}

async function schedule(
  context: CommandContext,
  { cron, tz, id, ...flags }: ScheduleFlags,
  name: string,
  ids: string[],
): Promise<void> {
  const { openQueueSession } = await import("../../embedded/index.js");
  const { formatTime } = await import("../../terminal/index.js");
  const data = dataOf(name, ids, flags);
  await using session = await openQueueSession(context);
  const set = await session.producer.schedule({ name, data, cron, tz, id, ...context.jobOptions });
  context.print(set, [set.id]);
  context.tell(`its next run is due ${formatTime(set.next)}: job repeat:${set.id}:${set.next}`);
  if ((await session.producer.workers(set.queue)) === 0) {
    context.tell("no worker serves this graph: stevedore up or stevedore worker must run for it to happen");
  }
}

/** The data of the job, from --data or from the job's own flags. The contract checks it later. */
function dataOf(
  name: string,
  ids: readonly string[],
  { data, recipe, force }: Pick<ScheduleFlags, "data" | "recipe" | "force">,
): unknown {
  if (data !== undefined) {
    if (ids.length > 0 || recipe !== undefined || force !== undefined) {
      throw wrongUsage("give --data, or ids, --recipe and --force, not both");
    }
    return parseJson(data);
  }
  if (name === "pull" || name === "push")
    return registryData(name, ids, recipe !== undefined || force !== undefined);
  const isOfGraph = name.endsWith("-graph");
  if (!isOfGraph && ids.length > 1) {
    throw wrongUsage(`a schedule of ${name} is of one image: ${name}-graph takes several ids`);
  }
  const images = ids.length === 0 ? {} : isOfGraph ? { ids } : { id: ids[0] };
  return {
    ...images,
    ...(recipe === undefined ? {} : { recipe }),
    ...(force === undefined ? {} : { force }),
  };
}

/** Of a pull the reference, of a push the image and the reference. */
function registryData(name: "pull" | "push", ids: readonly string[], hasChecksumFlags: boolean): unknown {
  if (hasChecksumFlags) {
    throw wrongUsage(`--recipe and --force are of checksums, not of ${name}`);
  }
  const [first, second] = ids;
  if (name === "pull" && ids.length === 1) return { ref: first };
  if (name === "push" && ids.length === 2) return { image: first, ref: second };
  throw wrongUsage(`a schedule of ${name} takes ${name === "pull" ? "REF" : "IMAGE REF"}`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new JobError("INVALID_JOB", `--data ${JSON.stringify(text)}: ${(cause as Error).message}`, {
      cause,
    });
  }
}
