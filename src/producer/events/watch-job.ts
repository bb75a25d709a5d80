// Watches one job for a stream to a client, which may have heard a part of it: nothing is left out and nothing told twice.
import type { ConnectionEvent, Interest } from "./event-stream.js";
import type { JobEvents, JobUpdate, LogLine } from "./job-events.js";
import { type JobSnapshot, noEvent } from "./job-snapshot.js";
import { isAfter, isEventId, type Replay } from "./replay.js";

/** What happens to a watched job. */
export type WatchedEvent = JobUpdate | LogLine | ConnectionEvent;

/**
 * Is told of each event. Those who watch a job at the same time are told the same objects.
 * @param eventId where to go on from if this was the last that was heard; undefined where that stays what it was
 */
export type Watcher = (event: WatchedEvent, eventId?: string) => void;

export interface JobWatch {
  /** True if the job had ended and all was heard before. */
  readonly isOver: boolean;
  stop(): void;
}

interface WatchAccess {
  readonly events: JobEvents;
  readonly replay: Replay;
  /** Where the job stands; undefined if it is gone. */
  snapshot(): Promise<JobSnapshot | undefined>;
  /** Tells of the connection; returns what ends that. */
  register(interest: Interest): () => void;
}

/**
 * Starts to watch: with what happened after an event that was heard, if the queue's stream still holds that, else with
 * where the job stands: first its state and how far it is, then its log; of one that has ended first its log.
 * An outage of Redis is an event; what happened meanwhile is told afterwards.
 * @param after the id of the last event that was heard
 * @param gone called if it turns out after an outage that the job is no more
 * @returns undefined if there is no such job
 */
export async function watchJob(
  jobId: string,
  access: WatchAccess,
  watcher: Watcher,
  gone: () => void,
  after?: string,
): Promise<JobWatch | undefined> {
  let last = noEvent;
  /** What is heard while the past is read. */
  let early: { readonly what: JobUpdate | LogLine; readonly eventId: string }[] | undefined = [];
  /** The lines that were told of without their events. */
  let known: readonly LogLine[] = [];
  let isEnded = false;
  const tell = (what: JobUpdate | LogLine, eventId: string) => {
    if (!isAfter(eventId, last) || isKnown(what, known)) return;
    last = eventId;
    isEnded ||= isEnd(what);
    watcher(what, eventId);
  };
  const hear = (what: JobUpdate | LogLine, eventId: string) => {
    if (early === undefined) tell(what, eventId);
    else early.push({ what, eventId });
  };
  const tellSnapshot = ({ parts, lines, eventId, hasEnded }: JobSnapshot) => {
    last = eventId;
    known = lines;
    isEnded ||= hasEnded;
    // Whoever has not heard it to its end hears it anew.
    for (const [at, part] of parts.entries()) watcher(part, at === parts.length - 1 ? eventId : undefined);
  };
  /** @returns whether there is such a job, and something to tell of it or yet to come */
  const catchUp = async (from: string | undefined): Promise<"gone" | "over" | "there"> => {
    early ??= [];
    // The snapshot first: an end that it does not know of is heard.
    const snapshot = await access.snapshot();
    const past = from === undefined || !isEventId(from) ? undefined : await access.replay(jobId, from);
    if (past !== undefined) {
      // From where it was left, not from before: a second return may be quicker than what followed the first.
      if (from !== undefined && isAfter(from, last)) last = from;
      for (const { what, eventId } of past) tell(what, eventId);
    } else if (snapshot !== undefined) tellSnapshot(snapshot);
    for (const { what, eventId } of early) tell(what, eventId);
    early = undefined;
    if (isEnded) return "there";
    if (snapshot === undefined) return "gone";
    return snapshot.hasEnded ? "over" : "there";
  };

  const stops = [access.events.listen(jobId, hear), access.events.listenToLog(jobId, hear)];
  const stop = () => {
    for (const each of stops) each();
  };
  try {
    const outcome = await catchUp(after);
    stops.push(
      access.register({
        outage: (error) => watcher({ connection: "lost", error }),
        recheck: () => {
          watcher({ connection: "restored" });
          // An outage meanwhile is followed by another return.
          catchUp(last).then(
            (found) => found !== "there" && gone(),
            () => undefined,
          );
        },
      }),
    );
    if (outcome === "gone") {
      stop();
      return undefined;
    }
    return { isOver: outcome === "over", stop };
  } catch (error) {
    stop();
    throw error;
  }
}

function isEnd(what: JobUpdate | LogLine): boolean {
  return "state" in what && (what.state === "completed" || what.state === "failed");
}

function isKnown(what: JobUpdate | LogLine, known: readonly LogLine[]): boolean {
  return "line" in what && known.some(({ line, at }) => line === what.line && at === what.at);
}
