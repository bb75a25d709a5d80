// What the commands have in common that retry and remove jobs: which jobs are meant, and what is said of them.
import { type Command, InvalidArgumentError, Option } from "commander";
import type { AnyQueueName } from "../../../jobs/index.js";
import { JobError } from "../../../jobs/index.js";
import type { JobFilter, Producer } from "../../../producer/index.js";
import { type ErrorCode, errorCodes, isErrorCode } from "../../../terms/index.js";
import { type CommandContext, ReportedFailure, wrongUsage } from "../../run-command.js";
import { jobsArgument, wholeJobId } from "./job-reference.js";

/** The flags that narrow down which jobs are meant. */
export interface FilterFlags {
  readonly queue?: AnyQueueName;
  readonly code?: ErrorCode;
  readonly name?: string;
  readonly image?: string;
}

/** What became of the jobs. */
export interface OperateResult {
  readonly done: number;
  readonly refused: number;
  readonly refusals: readonly { readonly code: ErrorCode; readonly message: string }[];
}

/** Adds those flags, and the argument for ids. */
export function addFilterFlags(command: Command): Command {
  return command
    .argument("[id...]", jobsArgument)
    .option(
      "--queue <queue>",
      "only jobs of this queue; of an id that jobs of several queues have, this one's",
    )
    .addOption(new Option("--code <code>", "only those that failed with this code").argParser(errorCode))
    .option("--name <job>", "only jobs of this name, such as checksum")
    .option("--image <image>", "only jobs about this image: an id, or a name as the job has it");
}

function errorCode(text: string): ErrorCode {
  if (isErrorCode(text)) return text;
  throw new InvalidArgumentError(`It takes one of ${errorCodes.join(", ")}.`);
}

/**
 * Makes sure that jobs are meant either by their ids or by a filter.
 * @param whole how all jobs of a filter are asked for, such as `--failed`
 * @throws `INVALID_OPTION`
 */
export function assertMeant(
  ids: readonly string[],
  isFilter: boolean,
  whole: string,
  flags: Readonly<Record<string, unknown>>,
): void {
  if (isFilter === ids.length > 0)
    throw wrongUsage(`name jobs by their ids, or all that match with ${whole}`);
  const given = Object.keys(flags).filter((name) => flags[name] !== undefined);
  if (ids.length > 0 && given.length > 0) {
    throw wrongUsage(`--${given.join(", --")}: not of jobs that are named by their ids`);
  }
}

/** Those flags as a filter, without what was not given. */
export function filterOf({ queue, code, name, image }: FilterFlags): JobFilter {
  return { queue, code, name, image };
}

/** Does something with each of the jobs that are named. One that is refused does not keep the others from it. */
export async function eachOf(
  producer: Producer,
  names: readonly string[],
  queue: string | undefined,
  operation: (id: string) => Promise<void>,
): Promise<OperateResult & { readonly ids: readonly string[] }> {
  const done: string[] = [];
  const refusals: { readonly id: string; readonly code: ErrorCode; readonly message: string }[] = [];
  for (const name of names) {
    let id = name;
    try {
      id = await wholeJobId(producer, name, queue);
      await operation(id);
      done.push(id);
    } catch (error) {
      if (!(error instanceof JobError) || error.code === "QUEUE_UNAVAILABLE") throw error;
      refusals.push({ id, code: error.code, message: error.message });
    }
  }
  return { ids: done, done: done.length, refused: refusals.length, refusals };
}

/** Prints what became of the jobs. @throws `ReportedFailure` if any was refused */
export function tellResult(
  context: CommandContext,
  verb: "retried" | "removed",
  { ids, done, refused, refusals }: OperateResult & { readonly ids?: readonly string[] },
): void {
  context.print(
    { [verb]: done, refused, refusals },
    ids ?? [`${verb} ${done} ${done === 1 ? "job" : "jobs"}`],
  );
  for (const { code, message } of refusals) context.warn(`${code}: ${message}`);
  const more = refused - refusals.length;
  if (more > 0) context.warn(`and ${more} more were refused`);
  if (refused > 0) throw new ReportedFailure();
}
