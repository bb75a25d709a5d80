// Writes notable moments of a job to its log in BullMQ, and to the queue's event stream. A job that ends at once leaves no
// lines, and costs no round trip.
import { Job } from "bullmq";
import type { Redis } from "ioredis";
import { type AnyQueueName, eventsKey, jobLogEvent, type Progress } from "../../jobs/index.js";

export interface JobLog {
  /** Takes a line. It is written once the job has lasted for 250 ms, or by `flush`. */
  note(line: string): void;
  /** Takes a line about the phase of this progress, if it is a new one. */
  phase(progress: Progress): void;
  /** Writes the lines, also of a short job. Never throws: a job does not fail with its log. */
  flush(): Promise<void>;
  /** Ends the log, and writes the lines unless the job was short. Never throws. */
  end(): Promise<void>;
}

/** The queue or worker through which BullMQ writes. */
type LogWriter = Parameters<typeof Job.addJobLog>[0];

/** Where the lines are written. */
interface JobLogAccess {
  readonly redis: Redis;
  readonly graphName: string;
}

/** A job that ends sooner leaves no lines, in ms. */
const worthwhile = 250;
/** How many phases of a try get a line. */
const mostPhases = 10;
/** How many lines of a job are kept, over all its tries: the newest. */
const kept = 200;
/** How many events BullMQ keeps in a stream by default. */
const keptEvents = 10_000;

/** Opens the log of one try. */
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
  const callOff = onceWorthwhile(() => {
    hasLasted = true;
    void flush();
  });
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
      callOff();
      await (hasLasted ? flush() : writing);
    },
  };
}

/** What is to be called once a job has lasted, with when (`performance.now()`): the first is the next. */
const awaited = new Map<() => void, number>();
let isAwaiting = false;

/**
 * Calls back once `worthwhile` is over. All wait for one timer: to start and stop one of its own costs a job that ends at
 * once more than all else about its log.
 * @returns what calls it off
 */
function onceWorthwhile(call: () => void): () => void {
  awaited.set(call, performance.now() + worthwhile);
  if (!isAwaiting) awaitNext(worthwhile);
  return () => void awaited.delete(call);
}

function awaitNext(delay: number): void {
  isAwaiting = true;
  const timer = setTimeout(() => {
    isAwaiting = false;
    for (const [call, at] of awaited) {
      const left = at - performance.now();
      if (left > 0) return awaitNext(left);
      awaited.delete(call);
      call();
    }
  }, delay);
  // A process does not live longer for jobs that have ended.
  timer.unref();
}

interface Line {
  readonly line: string;
  /** ms since the epoch, by this host's clock. */
  readonly at: number;
}

/** Appends lines to a job's log, unless the job is gone. Never throws. */
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
