// Runs a job that reads a source of the user's: the source goes into the inbox, from where the job takes it.
import type { JobData, JobResult } from "../../../jobs/index.js";
import { type ErrorCode, JobError } from "../../../jobs/index.js";
import type { NewJob } from "../../../producer/index.js";
import type { QueueSession } from "../../embedded/index.js";
import type { CommandContext } from "../../run-command.js";
import { type ImportFlags, workerOptions } from "../../worker-flags.js";

type SourceJobName = "store" | "import";

interface SourceJob<Name extends SourceJobName> {
  readonly name: Name;
  /** The job's data for an upload of this name. */
  dataFor(upload: string): JobData<Name>;
  /** Prints the result. */
  show(result: JobResult<Name>, session: QueueSession): Promise<void> | void;
}

/**
 * Runs the job and shows its result; with `detach` it prints the job's id, and does not wait.
 * @param source a file, a directory, or `-` for stdin
 * @throws as `parseJobData` before anything is copied or started; as `upload`; the job's errors, naming the source
 */
export async function runSourceJob<Name extends SourceJobName>(
  context: CommandContext,
  flags: ImportFlags & { readonly detach?: boolean },
  source: string,
  { name, dataFor, show }: SourceJob<Name>,
): Promise<void> {
  const { config, print, signal } = context;
  const { parseJobData } = await import("../../../jobs/index.js");
  parseJobData(name, dataFor("checked-before-it-is-made"));

  const { upload } = await import("./upload.js");
  const { openQueueSession } = await import("../../embedded/index.js");
  const { runJob } = await import("../../run-jobs.js");
  const { warnUnheeded } = await import("../stored-image.js");
  await using uploaded = await upload(source, config.root, signal);
  const work = flags.detach ? undefined : workerOptions(flags);
  await using session = await openQueueSession(context, { work, makeRoot: true });
  warnUnheeded(session, flags, context);
  const data = dataFor(uploaded.name);
  if (flags.detach) {
    const enqueued = await session.producer.enqueue<Name>(name, data, { notify: context.notify });
    uploaded.leave();
    return print(enqueued, [enqueued.id]);
  }
  const result = await runJob(session, { name, data } as NewJob<Name>, context, source).catch(
    (error: unknown) => {
      throw aboutSource(error, source);
    },
  );
  await show(result, session);
}

/** The worker knows the source by the name of its upload: whoever reads the error knows it by its own. */
function aboutSource(error: unknown, source: string): unknown {
  if (!(error instanceof JobError) || !sourceErrors.includes(error.code)) return error;
  const name = source === "-" ? "stdin" : source;
  return new JobError(error.code, `${name}: ${error.message}`, { cause: error, jobId: error.jobId });
}

const sourceErrors: readonly ErrorCode[] = [
  "BAD_ARCHIVE",
  "UNSAFE_ENTRY",
  "SOURCE_MISMATCH",
  "LIMIT_EXCEEDED",
];
