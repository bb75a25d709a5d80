// A job's notable moments as lines of its log in BullMQ, each told of on the queue's event stream as well. What is done in
// an instant leaves none, and costs no round trip.
import { Job } from "bullmq";
import type { Redis } from "ioredis";
import { type AnyQueueName, eventsKey, jobLogEvent, type Progress } from "../../jobs/index.js";

export interface JobLog {
  /** Notes a moment. It is written once the job has lasted for 250 ms, or by `flush`. */
  note(line: string): void;
  /** Notes that the job has come to another phase, if it has. */
  phase(progress: Progress): void;
  /** Writes what was noted, also of a job that has not lasted. Never throws: a job is not lost with its log. */
  flush(): Promise<void>;
  /** Ends it: what was noted is written if the job has lasted. Never throws. */
  end(): Promise<void>;
}

/** The queue, or a worker of it, by which BullMQ writes. */
type LogWriter = Parameters<typeof Job.addJobLog>[0];

/** Where lines go. */
interface JobLogAccess {
  readonly redis: Redis;
  readonly graphName: string;
}

/** How long a job lasts that is worth lines, in ms. */
const worthwhile = 250;
/** Phases of a try that are told of. */
const mostPhases = 10;
/** Lines that stay of a job, however often it is taken up: the newest. */
const kept = 200;
/** Events that BullMQ keeps in a stream, if nobody asks for another number. */
const keptEvents = 10_000;

/** Begins the log of one try. */
export function openJobLog(
  queue: AnyQueueName,
  jobId: string,
  writer: LogWriter,
  access: JobLogAccess,
): JobLog {
  let noted: Line[] = [];
  let hasLasted = false;
  let phases = 0;
  let lastPhase: string | undefined;
  let writing: Promise<void> = Promise.resolve();
  const flush = () => {
    const lines = noted;
    noted = [];
    if (lines.length > 0)
      writing = Promise.all([writing, writeLines(queue, jobId, lines, writer, access)]).then();
    return writing;
  };
  const timer = setTimeout(() => {
    hasLasted = true;
    void flush();
  }, worthwhile);
  const note = (line: string) => {
    noted.push({ line, at: Date.now() });
    if (hasLasted) void flush();
  };
  return {
    note,
    phase({ phase, total, unit }) {
      if (phase === lastPhase || phases >= mostPhases) return;
      phases += 1;
      lastPhase = phase;
      note(total > 0 ? `${phase} of ${total} ${unit}` : phase);
    },
    flush,
    async end() {
      clearTimeout(timer);
      await (hasLasted ? flush() : writing);
    },
  };
}

interface Line {
  readonly line: string;
  /** ms since the epoch, by this host's clock. */
  readonly at: number;
}

/** Adds lines to a job's log; none to a job that is gone. Never throws. */
export async function writeLines(
  queue: AnyQueueName,
  jobId: string,
  lines: readonly Line[],
  writer: LogWriter,
  { redis, graphName }: JobLogAccess,
): Promise<void> {
  // Sent one after the other without waiting: a single round trip.
  const sent = lines.flatMap(({ line, at }) => [
    Job.addJobLog(writer, jobId, `${new Date(at).toISOString()} ${line}`, kept),
    redis.xadd(
      ...([eventsKey(graphName, queue), "MAXLEN", "~", keptEvents, "*"] as const),
      ...(["event", jobLogEvent, "jobId", jobId, "line", line, "at", at] as const),
    ),
  ]);
  await Promise.allSettled(sent);
}
