// A list that stays as it is under its reader: rows change in place, and what is new waits until it is asked for.
import { useEffect, useRef, useState } from "preact/hooks";
import type { JobEvent, JobPage, JobRecord } from "../../api-types.js";
import { useJobEvents } from "../../live-jobs.js";
import { type Resource, useResource } from "../../resource.js";

interface SteadyList extends Pick<Resource<JobPage>, "error"> {
  /** Undefined until the server has answered. */
  readonly data: JobPage | undefined;
  /** How many jobs the list has on top by now that are not shown. */
  readonly newer: number;
  /** Shows them. */
  showNewer(): void;
  /** Shows the list as it is by now: the reader has changed it. */
  refresh(): void;
}

const isChange = (event: JobEvent) => event.progress === undefined;

/** @param path of a page of jobs, below `/api/v1/` */
export function useSteadyList(path: string): SteadyList {
  const { data, error, reload } = useResource<JobPage>(path);
  const [held, setHeld] = useState<{ path: string; page: JobPage }>();
  const [states, setStates] = useState<ReadonlyMap<string, string>>(new Map());
  useJobEvents("changes", isChange, (event) => {
    setStates((last) => new Map(last).set(keyOf(event), event.state));
    reload();
  });
  const isHeld = held?.path === path && held.page.jobs.length > 0;
  const isAwaited = useRef(false);
  useEffect(() => {
    if (data === undefined || (isHeld && !isAwaited.current)) return;
    isAwaited.current = false;
    setHeld({ path, page: data });
  }, [data, isHeld, path]);
  const refresh = () => {
    isAwaited.current = true;
    reload();
  };
  if (!isHeld || data === undefined) return { data, error, newer: 0, showNewer: () => undefined, refresh };
  const fresh = new Map(data.jobs.map((job) => [keyOf(job), job]));
  const shown = new Set(held.page.jobs.map(keyOf));
  // What is not in the answer any more has been pushed out of it, or is in another state: its last event tells.
  const jobs = held.page.jobs.map((job) => fresh.get(keyOf(job)) ?? withState(job, states.get(keyOf(job))));
  return {
    ...{ data: { jobs, next: held.page.next }, error, refresh },
    newer: data.jobs.filter((job) => !shown.has(keyOf(job))).length,
    showNewer: () => setHeld({ path, page: data }),
  };
}

function keyOf({ queue, id }: { readonly queue: string; readonly id: string }): string {
  return `${queue}/${id}`;
}

function withState(job: JobRecord, state: string | undefined): JobRecord {
  return state === undefined || state === job.state ? job : { ...job, state };
}
