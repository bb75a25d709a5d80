// Jobs whose state and progress follow the events: what a list or a page shows between two answers of the server.
import { useEffect, useState } from "preact/hooks";
import type { JobEvent, JobRecord } from "./api-types.js";
import { onJobEvent } from "./live.js";

/**
 * Calls the listener with the events of some jobs.
 * @param isMeant which; must not change between two calls with the same key
 */
export function useJobEvents(
  key: string,
  isMeant: (event: JobEvent) => boolean,
  listener: (event: JobEvent) => void,
) {
  // The key stands for the others.
  useEffect(() => onJobEvent((event) => isMeant(event) && listener(event)), [key]);
}

/** The newest progress of each job that is heard of, by id; forgotten when the job ends. */
export function useProgress(
  key: string,
  isMeant: (event: JobEvent) => boolean,
): ReadonlyMap<string, JobEvent> {
  const [known, setKnown] = useState<ReadonlyMap<string, JobEvent>>(new Map());
  useJobEvents(key, isMeant, (event) => {
    setKnown((last) => {
      const next = new Map(last);
      if (event.state === "active" && event.progress !== undefined) next.set(event.id, event);
      else next.delete(event.id);
      return next;
    });
  });
  return known;
}

/** A record with what has been heard since. */
export function withEvent(record: JobRecord, event: JobEvent | undefined): JobRecord {
  return event?.progress === undefined ? record : { ...record, progress: event.progress };
}
