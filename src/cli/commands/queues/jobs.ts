// stevedore jobs: the records of the queues, the newest first; with --watch what happens in them.
import { type Command, InvalidArgumentError, Option } from "commander";
import { type AnyQueueName, type ErrorCode, errorCodes } from "../../../jobs/index.js";
import {
  type JobFilter,
  type JobRecord,
  type JobState,
  jobStates,
  type Producer,
} from "../../../producer/index.js";
import { momentRule, readMoment } from "../../../terms/index.js";
import { addListFlags, type ListFlags, listView } from "../../list-flags.js";
import { action, type CommandContext, wrongUsage } from "../../run-command.js";
import {
  formatText,
  imagesOf,
  isUnbegun,
  type JobSurroundings,
  jobTableLines,
  pausedLines,
} from "../../terminal/index.js";
import { assertQueue } from "./queue-option.js";

interface JobsFlags extends ListFlags {
  readonly state?: JobState;
  readonly queue?: string;
  readonly name?: string;
  readonly image?: string;
  readonly code?: ErrorCode;
  readonly since?: number;
  readonly limit: number;
  readonly watch?: boolean;
}

/** How many jobs are listed by default, and at most: all of them are held until the table can be drawn. */
const usualLimit = 50;
const mostJobs = 100_000;
/** How many are read at a time. */
const pageSize = 500;
/** The most batches whose children are counted. */
const mostCounted = 50;

export function declare(program: Command): void {
  const command = program.command("jobs").description("list the jobs of the queues, the newest first");
  addListFlags(command)
    .addOption(new Option("--state <state>", "only jobs in this state").choices([...jobStates]))
    .option("--queue <queue>", "only those of this queue")
    .option("--name <job>", "only those of this name, such as checksum")
    .option("--image <image>", "only those that name this image: an id or a name, as it was given")
    .addOption(new Option("--code <code>", "only those that failed with this code").choices([...errorCodes]))
    .option(
      "--since <time>",
      "only those that ended, or else were created, since: a time or an age, as 2h",
      moment,
    )
    .option("--limit <n>", "how many at most", limit, usualLimit)
    .option("--watch", "show the queues until Ctrl-C; without a terminal, or with --json, a line per change")
    .addHelpText(
      "after",
      `
Examples:
  $ stevedore jobs --state failed --since 12h --json | jq -r '.[].failedReason'
  $ stevedore jobs --image debian:12 --limit 10
  $ stevedore jobs --watch
  $ stevedore jobs --watch --state completed --json | jq -c .result`,
    )
    .action(
      action<JobsFlags>(async (context, flags) => {
        if (!flags.watch) return list(context, flags);
        const { state, queue, name, image, code, since, limit, trunc, format = "json" } = flags;
        const others = [queue, name, image, code, since].some((value) => value !== undefined);
        if (others || limit !== usualLimit || !trunc || format !== "json") {
          throw wrongUsage("--watch goes with --state alone");
        }
        const { watchJobs } = await import("./watch-jobs.js");
        return watchJobs(context, state);
      }),
    );
}

async function list(context: CommandContext, flags: JobsFlags): Promise<void> {
  const { state, queue, name, image, code, since, limit } = flags;
  const { openQueueSession } = await import("../../embedded/index.js");
  await using session = await openQueueSession(context);
  const { producer } = session;
  await assertQueue(producer, queue);
  const filter: JobFilter = { state, queue: queue as AnyQueueName | undefined, name, image, code, since };
  const paused = await producer.paused();
  for (const line of pausedLines(paused)) context.warn(line);
  let shown = 0;
  let isMore = false;
  async function* read(): AsyncGenerator<JobRecord> {
    for (let cursor: Awaited<ReturnType<Producer["page"]>>["next"]; ; ) {
      const { jobs, next } = await producer.page({
        ...filter,
        limit: Math.min(pageSize, limit - shown),
        cursor,
      });
      shown += jobs.length;
      yield* jobs;
      isMore = next !== undefined;
      if (next === undefined || shown === limit) return;
      cursor = next;
    }
  }
  if (context.json || flags.format === "ids") {
    await context.printEach(read(), { line: ({ id }) => formatText(id) });
  } else {
    const jobs: JobRecord[] = [];
    for await (const record of read()) jobs.push(record);
    const around = await surroundingsOf(jobs, producer, paused);
    context.print([], jobTableLines(jobs, around, listView(context, flags)));
  }
  if (!isMore) return;
  const isCounted = [name, image, code, since].every((value) => value === undefined);
  const of = isCounted ? ` of ${await countAll(producer, filter)}` : "";
  const choosing = "--state, --queue, --name, --image, --code and --since choose among them";
  context.tell(`these are the newest ${shown}${of} jobs: --limit shows more, ${choosing}`);
}

/** What the jobs of a list wait for. */
async function surroundingsOf(
  jobs: readonly JobRecord[],
  producer: Producer,
  paused: readonly AnyQueueName[],
): Promise<JobSurroundings> {
  const queues = [...new Set(jobs.filter(isUnbegun).map(({ queue }) => queue))];
  const served = await Promise.all(queues.map((queue) => producer.workers(queue)));
  const batches = jobs.filter((job) => job.state === "waiting-children" && imagesOf(job) === undefined);
  const children = await Promise.all(
    batches
      .slice(0, mostCounted)
      .map(async ({ id, queue }) => [id, await producer.children(id, { queue })] as const),
  );
  return {
    paused,
    unserved: queues.filter((_, at) => served[at] === 0),
    children: new Map(children.flatMap(([id, counts]) => (counts === undefined ? [] : [[id, counts]]))),
  };
}

/** How many jobs there are of a queue and a state. */
async function countAll(producer: Producer, { queue, state }: JobFilter): Promise<string> {
  let sum = 0;
  for (const [name, counts] of Object.entries(await producer.counts())) {
    if (queue !== undefined && queue !== name) continue;
    for (const one of jobStates) if (state === undefined || state === one) sum += counts[one];
  }
  return sum.toLocaleString("en");
}

function moment(text: string): number {
  const time = readMoment(text);
  if (time === undefined) throw new InvalidArgumentError(`It takes ${momentRule}.`);
  return time;
}

function limit(text: string): number {
  const value = Number(text);
  if (!/^\d{1,9}$/.test(text) || value < 1 || value > mostJobs) {
    throw new InvalidArgumentError(`It takes a whole number from 1 to ${mostJobs}.`);
  }
  return value;
}
