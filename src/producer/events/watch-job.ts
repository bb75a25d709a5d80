// Watches one job for a client that may have heard a part of its events: none is left out, and none is sent twice.
import { hasEnded } from "../job-records.js";
import type { ConnectionEvent, Interest } from "./event-stream.js";
import type { JobEvents, JobUpdate, LogLine } from "./job-events.js";
import { type JobSnapshot, noEvent } from "./job-snapshot.js";
import { isAfter, isEventId, type Replay } from "./replay.js";

/** An event of a watched job. */
export type WatchedEvent = JobUpdate | LogLine | ConnectionEvent;

/**
 * Called with each event. All who watch a job at the same time get the same objects.
 * @param eventId from where to go on if this was the last event heard; undefined if that place has not changed
 */
export type Watcher = (event: WatchedEvent, eventId?: string) => void;

export interface JobWatch {
  /** True if the job had ended, and the client had heard all of it. */
  readonly isOver: boolean;
  stop(): void;
}

interface WatchAccess {
  readonly events: JobEvents;
  readonly replay: Replay;
  /** Reads the job's snapshot; undefined if the job is gone. */
  snapshot(): Promise<JobSnapshot | undefined>;
  /** Subscribes to outages of the connection; returns the function that unsubscribes. */
  register(interest: Interest): () => void;
}

/**
 * Starts to watch. The watcher first gets the events after `after`, if the queue's stream still holds that event, else
 * the job's snapshot: state, progress, then log; of a job that has ended the log, then the state. An outage of Redis is an
 * event, and what happened meanwhile follows.
 * @param after the id of the last event that the client has heard
 * @param gone called if the job turns out to be gone after an outage
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
  /** The events that arrive while the past is read. */
  let early: { readonly what: JobUpdate | LogLine; readonly eventId: string }[] | undefined = [];
  /** The lines that the snapshot had, whose events may still arrive. */
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
    // The id comes with the last part: a client that breaks off before that hears all parts again.
    for (const [at, part] of parts.entries()) watcher(part, at === parts.length - 1 ? eventId : undefined);
  };
  /** Passes on what the client has missed. @returns `over` if the job has ended and nothing of it was missed */
  const catchUp = async (from: string | undefined): Promise<"gone" | "over" | "there"> => {
    early ??= [];
    // The snapshot before the replay: an end after it arrives as an event.
    const snapshot = await access.snapshot();
    const past = from === undefined || !isEventId(from) ? undefined : await access.replay(jobId, from);
    if (past !== undefined) {
      // Never backwards: the connection may be lost and restored again before this has caught up.
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
          // If this fails by another outage, the return after that one catches up.
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

/** True for the event with which a job ends. */
export function isEnd(what: WatchedEvent): boolean {
  return "state" in what && hasEnded(what);
}

function isKnown(what: JobUpdate | LogLine, known: readonly LogLine[]): boolean {
  return "line" in what && known.some(({ line, at }) => line === what.line && at === what.at);
}
